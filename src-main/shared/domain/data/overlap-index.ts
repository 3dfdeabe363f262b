import { HashIndex, hashText } from './hash-index.ts';
import { trimmed } from './row-texts.ts';
import type { RowTexts } from './row-texts.ts';
import { SimilarTexts } from './similar-texts.ts';
import { occurrences, setOfWords, wordHashes } from './words.ts';

/** A text of an evaluation: what it asks, or what it wants. */
export interface EvaluatedText {
  text: string;
  source: number;
  id: string;
  part: 'prompt' | 'target';
}

export interface Overlap {
  source: number;
  id: string;
  /** Which of the row's texts is there. */
  side: 'prompt' | 'answer';
  similarity: number;
  exact: boolean;
}

/** An answer of fewer words is everywhere: “yes”, “42”, “the cat”. */
const telling = 5;

/** Texts of evaluations, to look rows up in: the same text but for blanks, or nearly the same words. */
export class OverlapIndex {
  readonly #texts: Pick<EvaluatedText, 'source' | 'id'>[] = [];
  readonly #exact = new HashIndex(4096);
  readonly #similar: SimilarTexts;

  constructor(threshold: number) {
    this.#similar = new SimilarTexts(threshold);
  }

  add({ text, source, id, part }: EvaluatedText): void {
    const words = wordHashes(text);
    if (words.length === 0 || (part === 'target' && words.length < telling)) return;
    const hash = hashText(trimmed(text));
    if (this.#exact.get(hash) !== undefined) return;
    this.#texts.push({ source, id });
    this.#exact.set(hash, this.#similar.add(words));
  }

  get size(): number {
    return this.#texts.length;
  }

  /** @param clean The same texts as `trimmed` returns them. */
  find({ prompt, answers }: RowTexts, clean: RowTexts): Overlap | null {
    const words = occurrences(prompt);
    const asked = this.#look(clean.prompt, 'prompt', words);
    if (asked?.exact === true) return asked;
    const answered = answers.flatMap((answer, i) => {
      const text = clean.answers[i] ?? '';
      if (text === '') return [];
      const own = occurrences(answer);
      const found =
        this.#look(text, 'answer', own) ?? this.#look(`${clean.prompt} ${text}`.trimStart(), 'answer', words, own);
      return found === null ? [] : [found];
    });
    return answered.find(({ exact }) => exact) ?? asked ?? answered[0] ?? null;
  }

  /** Of a text as it reads without surplus blanks, and of the words in its parts. */
  #look(text: string, side: Overlap['side'], ...parts: Int32Array[]): Overlap | null {
    const place = this.#exact.get(hashText(text));
    if (place !== undefined && side === 'prompt') return this.#overlap({ place, similarity: 1 }, side, true);
    const words = setOfWords(parts);
    if (side === 'answer' && words.length < telling) return null;
    if (place !== undefined) return this.#overlap({ place, similarity: 1 }, side, true);
    const found = this.#similar.find(words);
    return found === null ? null : this.#overlap(found, side, false);
  }

  #overlap(
    { place, similarity }: { place: number; similarity: number },
    side: Overlap['side'],
    exact: boolean,
  ): Overlap | null {
    const known = this.#texts[place];
    return known === undefined ? null : { ...known, side, similarity, exact };
  }
}
