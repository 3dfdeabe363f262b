import { wordsOf } from './slice-texts.ts';

/**
 * How various texts are: different pairs of neighbouring words over all such pairs, of all texts together (“distinct-2”, Li et al. 2016).
 * 0 to 1; null where no text has two words. More text has fewer new pairs, so only texts of like number and length compare.
 */
export function distinctWordPairs(texts: Iterable<string>): number | null {
  const different = new Set<string>();
  let all = 0;
  for (const text of texts) {
    const words = wordsOf(text);
    for (let i = 1; i < words.length; i++) different.add(`${words[i - 1]} ${words[i]}`);
    all += Math.max(0, words.length - 1);
  }
  return all === 0 ? null : different.size / all;
}
