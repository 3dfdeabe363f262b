import { HashIndex, hashText } from './hash-index.ts';
import { NearIndex } from './near-index.ts';
import { trimmed } from './row-texts.ts';
import type { RowTexts } from './row-texts.ts';
import { wordHashes } from './words.ts';

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
  /** Which of the row's texts stands there. */
  side: 'prompt' | 'answer';
  similarity: number;
  exact: boolean;
}

/** An answer of fewer words stands everywhere: “yes”, “42”, “the cat”. */
const telling = 5;

/** Texts of evaluations, to look rows up in: the same text but for blanks, or nearly the same words. */
export class OverlapIndex {
  readonly #texts: EvaluatedText[] = [];
  readonly #words: Int32Array[] = [];
  readonly #exact: HashIndex;
  readonly #near: NearIndex;

  constructor(expected: number, threshold: number) {
    this.#exact = new HashIndex(expected);
    this.#near = new NearIndex(expected, threshold, (place) => this.#words[place] ?? new Int32Array());
  }

  add(text: EvaluatedText): void {
    const words = wordHashes(text.text);
    if (words.length === 0 || (text.part === 'target' && words.length < telling)) return;
    const hash = hashText(trimmed(text.text));
    if (this.#exact.get(hash) !== undefined) return;
    const place = this.#texts.push(text) - 1;
    this.#words.push(words);
    this.#exact.set(hash, place);
    this.#near.find(words);
    this.#near.add(place);
  }

  get size(): number {
    return this.#texts.length;
  }

  find({ prompt, answers }: RowTexts): Overlap | null {
    const asked = this.#look(prompt, 'prompt');
    if (asked?.exact === true) return asked;
    const answered = answers
      .filter((answer) => answer.trim() !== '')
      .flatMap((answer) => {
        const found = this.#look(answer, 'answer') ?? this.#look(`${prompt}\n${answer}`, 'answer');
        return found === null ? [] : [found];
      });
    return answered.find(({ exact }) => exact) ?? asked ?? answered[0] ?? null;
  }

  #look(text: string, side: Overlap['side']): Overlap | null {
    const exact = this.#exact.get(hashText(trimmed(text)));
    const words = exact === undefined || side === 'answer' ? wordHashes(text) : null;
    if (side === 'answer' && words !== null && words.length < telling) return null;
    const found =
      exact !== undefined ? { member: exact, similarity: 1 } : words === null ? null : this.#near.find(words);
    const known = found === null ? undefined : this.#texts[found.member];
    if (found === null || known === undefined) return null;
    return { source: known.source, id: known.id, side, similarity: found.similarity, exact: exact !== undefined };
  }
}
