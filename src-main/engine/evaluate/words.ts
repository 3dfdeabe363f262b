import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** The position of a word: in characters of the text, and in tokens of the sequence (`to` is exclusive). */
export interface WordPlace {
  word: string;
  at: number;
  from: number;
  to: number;
}

/**
 * The words of at least `minLength` letters whose tokens are all at `fromPosition` or later. A word owns every token that shares a letter
 * with it, so the blank in front belongs to it if the tokenizer joins them.
 * `textStart`: where the text begins after its prompt; `whole` is prompt and text together.
 */
export function findWords(
  tokenizer: Tokenizer,
  ids: readonly number[],
  textStart: number,
  whole: string,
  options: { minLength: number; fromPosition: number },
): WordPlace[] {
  const ends = tokenEnds(tokenizer, ids, whole);
  const pattern = new RegExp(`\\p{L}{${options.minLength},}`, 'gu');
  const places: WordPlace[] = [];
  let token = 0;
  for (const match of whole.matchAll(pattern)) {
    const start = match.index;
    const end = start + match[0].length;
    while (token < ids.length && (ends[token] as number) <= start) token++;
    let to = token;
    while (to < ids.length && (ends[to] as number) < end) to++;
    // The text was cut before the word ended.
    if (to >= ids.length) break;
    if (start < textStart || token < Math.max(1, options.fromPosition)) continue;
    places.push({ word: match[0], at: start - textStart, from: token, to: to + 1 });
  }
  return places;
}

/**
 * For each token the number of characters of `whole` that it and its predecessors cover. Token texts are concatenated; if that does not
 * rebuild the text (normalisers, bytes), prefixes are decoded instead.
 */
function tokenEnds(tokenizer: Tokenizer, ids: readonly number[], whole: string): number[] {
  const texts = ids.map((id) => (isSpecial(tokenizer, id) ? '' : tokenizer.tokenText(id)));
  const joined = texts.join('');
  const lead = joined.startsWith(' ') && !whole.startsWith(' ') ? 1 : 0;
  if (whole.startsWith(joined.slice(lead))) {
    let end = -lead;
    return texts.map((text) => (end += text.length));
  }
  return ids.map((_, i) => tokenizer.decode(ids.slice(0, i + 1)).length);
}

function isSpecial(tokenizer: Tokenizer, id: number): boolean {
  return id === tokenizer.bosTokenId || id === tokenizer.eosTokenId || id === tokenizer.padTokenId;
}
