import type { Candidate, SearchSample } from './slice-features.ts';
import { CandidateCounter } from './slice-features.ts';

/** Text beyond this many characters is not searched for words: a bound on work, not on what a sample may be. */
const maxTextLength = 20_000;
const wordPattern = /[\p{L}\p{N}]+(?:['’][\p{L}]+)*/gu;

/** Lower-cased words of a text in order. */
export function wordsOf(text: string): string[] {
  return text.slice(0, maxTextLength).toLowerCase().match(wordPattern) ?? [];
}

/**
 * Words and two-word phrases that occur in at least `minSamples` texts. Which they are depends on the texts alone. Words
 * are handled as numbers, and phrases too rare to matter are kept out by a first pass that counts them in a fixed table
 * (which can only overcount): the number of distinct phrases has no bound, the memory has.
 */
export function textCandidates(
  samples: readonly SearchSample[],
  minSamples: number,
  onProgress: (fraction: number) => void = () => {},
): Candidate[] {
  const vocabulary: string[] = [];
  const texts = encode(samples, vocabulary);
  onProgress(0.35);
  const words = countWords(samples, texts);
  onProgress(0.6);
  const wordCandidates = words.candidates(minSamples, (word) => named(vocabulary[word], 'word'));
  const phrases = countPhrases(samples, texts, vocabulary.length, minSamples);
  const phraseCandidates = phrases.candidates(minSamples, (phrase) => {
    const [first, second] = [Math.floor(phrase / vocabulary.length), phrase % vocabulary.length];
    return named(`${vocabulary[first]} ${vocabulary[second]}`, 'phrase');
  });
  return [...wordCandidates, ...phraseCandidates];
}

/** Each text as word numbers; new words are appended to `vocabulary`. */
function encode(samples: readonly SearchSample[], vocabulary: string[]): Int32Array[] {
  const numbers = new Map<string, number>();
  return samples.map(({ text }) =>
    Int32Array.from(wordsOf(text), (word) => {
      let number = numbers.get(word);
      if (number === undefined) {
        numbers.set(word, (number = vocabulary.length));
        vocabulary.push(word);
      }
      return number;
    }),
  );
}

function countWords(samples: readonly SearchSample[], texts: readonly Int32Array[]): CandidateCounter<number> {
  const counter = new CandidateCounter<number>();
  samples.forEach(({ kind }, index) => {
    for (const word of new Set(texts[index])) counter.add(word, index, kind);
  });
  return counter;
}

function countPhrases(
  samples: readonly SearchSample[],
  texts: readonly Int32Array[],
  vocabularySize: number,
  minSamples: number,
): CandidateCounter<number> {
  const table = new Uint32Array(1 << 21);
  for (const words of texts) {
    for (let i = 1; i < words.length; i += 1) {
      const slot = slotOf(words[i - 1] as number, words[i] as number, table.length);
      table[slot] = (table[slot] as number) + 1;
    }
  }
  const counter = new CandidateCounter<number>();
  samples.forEach(({ kind }, index) => {
    const words = texts[index] ?? [];
    const own = new Set<number>();
    for (let i = 1; i < words.length; i += 1) {
      const [first, second] = [words[i - 1] as number, words[i] as number];
      if ((table[slotOf(first, second, table.length)] as number) >= minSamples)
        own.add(first * vocabularySize + second);
    }
    for (const phrase of own) counter.add(phrase, index, kind);
  });
  return counter;
}

function slotOf(first: number, second: number, size: number): number {
  return (Math.imul(first, 0x9e3779b1) ^ Math.imul(second + 1, 0x85ebca6b)) & (size - 1);
}

function named(words = '', family: 'word' | 'phrase'): Pick<Candidate, 'name' | 'family' | 'statement'> {
  return { name: `text has “${words}”`, family, statement: `prompt:${words}` };
}
