import { slotsFor } from './hash-index.ts';
import { jaccard } from './words.ts';

/**
 * Texts as sets of words, of which the most similar one to another text is found (Jaccard), exactly: two sets that share so much have one of
 * their rarest words in common, so only texts that share a rare word are compared (prefix filtering: Chaudhuri, Ganti and Kaushik, ICDE
 * 2006; Bayardo, Ma and Srikant, WWW 2007). Texts are added first and looked up afterwards.
 */
export class SimilarTexts {
  readonly #threshold: number;
  #words = new Int32Array(1024);
  /** Where the words of each text begin; one entry more than there are texts. */
  #starts = new Int32Array(64);
  #size = 0;
  #ready: PrefixIndex | null = null;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  get size(): number {
    return this.#size;
  }

  /** @param words as `wordHashes` returns them. @returns the place of the text, from 0. */
  add(words: Int32Array): number {
    const from = this.#starts[this.#size] as number;
    this.#words = withRoom(this.#words, from + words.length);
    this.#words.set(words, from);
    this.#size++;
    this.#starts = withRoom(this.#starts, this.#size + 1);
    this.#starts[this.#size] = from + words.length;
    this.#ready = null;
    return this.#size - 1;
  }

  /** The most similar text, the earliest of several; null where none is similar enough. */
  find(words: Int32Array): { place: number; similarity: number } | null {
    if (words.length === 0) return null;
    const index = (this.#ready ??= new PrefixIndex(this.#words, this.#starts, this.#size, this.#threshold));
    let best: { place: number; similarity: number } | null = null;
    for (const place of index.candidates(words)) {
      const similarity = jaccard(words, this.#words.subarray(this.#starts[place], this.#starts[place + 1]));
      if (similarity < this.#threshold) continue;
      if (best === null || similarity > best.similarity || (similarity === best.similarity && place < best.place)) {
        best = { place, similarity };
      }
    }
    return best;
  }
}

/** Rank of each word by how rare it is, and for each rank the texts that have it among their rarest words. */
class PrefixIndex {
  readonly #threshold: number;
  readonly #starts: Int32Array;
  /** From a word to its rank plus one: open addressing. */
  readonly #keys: Int32Array;
  readonly #ranks: Int32Array;
  readonly #postingStarts: Int32Array;
  readonly #postings: Int32Array;
  /** The query that each text was last a candidate of. */
  readonly #seen: Int32Array;
  #query = 0;

  constructor(words: Int32Array, starts: Int32Array, size: number, threshold: number) {
    this.#threshold = threshold;
    this.#starts = starts;
    this.#seen = new Int32Array(size);
    const end = starts[size] as number;
    const sorted = words.slice(0, end).sort();
    const distinct: number[] = [];
    const counts: number[] = [];
    for (let i = 0; i < end; i++) {
      if (i > 0 && sorted[i] === sorted[i - 1]) counts[counts.length - 1] = (counts.at(-1) as number) + 1;
      else {
        distinct.push(sorted[i] as number);
        counts.push(1);
      }
    }
    const slots = slotsFor(distinct.length);
    this.#keys = new Int32Array(slots);
    this.#ranks = new Int32Array(slots);
    const rarestFirst = Int32Array.from(distinct.keys()).sort(
      (a, b) => (counts[a] as number) - (counts[b] as number) || a - b,
    );
    rarestFirst.forEach((word, rank) => {
      const slot = this.#slotOf(distinct[word] as number);
      this.#keys[slot] = distinct[word] as number;
      this.#ranks[slot] = rank + 1;
    });
    const prefixes = Array.from({ length: size }, (_, place) =>
      this.#ranksOf(words.subarray(starts[place], starts[place + 1])).slice(0, this.#prefix(starts, place)),
    );
    this.#postingStarts = new Int32Array(distinct.length + 1);
    for (const prefix of prefixes) for (const rank of prefix) (this.#postingStarts[rank + 1] as number)++;
    for (let rank = 0; rank < distinct.length; rank++) {
      this.#postingStarts[rank + 1] = (this.#postingStarts[rank + 1] as number) + (this.#postingStarts[rank] as number);
    }
    this.#postings = new Int32Array(this.#postingStarts[distinct.length] as number);
    const next = this.#postingStarts.slice();
    prefixes.forEach((prefix, place) => {
      for (const rank of prefix) {
        const at = next[rank] as number;
        this.#postings[at] = place;
        next[rank] = at + 1;
      }
    });
  }

  /** Texts of a fitting length that share one of the rarest words, each once. */
  *candidates(words: Int32Array): Iterable<number> {
    const ranks = this.#ranksOf(words);
    // Words that no text has are the rarest of all.
    const looked = prefixLength(words.length, this.#threshold) - (words.length - ranks.length);
    const query = ++this.#query;
    for (let i = 0; i < looked; i++) {
      const rank = ranks[i] as number;
      for (let at = this.#postingStarts[rank] as number; at < (this.#postingStarts[rank + 1] as number); at++) {
        const place = this.#postings[at] as number;
        if (this.#seen[place] === query) continue;
        this.#seen[place] = query;
        const length = (this.#starts[place + 1] as number) - (this.#starts[place] as number);
        if (Math.min(length, words.length) >= this.#threshold * Math.max(length, words.length)) yield place;
      }
    }
  }

  /** Ranks of the words that some text has, the rarest first. */
  #ranksOf(words: Int32Array): Int32Array {
    const ranks = new Int32Array(words.length);
    let known = 0;
    for (let i = 0; i < words.length; i++) {
      const rank = this.#ranks[this.#slotOf(words[i] as number)] as number;
      if (rank > 0) ranks[known++] = rank - 1;
    }
    return ranks.subarray(0, known).sort();
  }

  #slotOf(word: number): number {
    const mask = this.#ranks.length - 1;
    let slot = word & mask;
    while (this.#ranks[slot] !== 0 && this.#keys[slot] !== word) slot = (slot + 1) & mask;
    return slot;
  }

  #prefix(starts: Int32Array, place: number): number {
    return prefixLength((starts[place + 1] as number) - (starts[place] as number), this.#threshold);
  }
}

/** Of n words at least ⌈threshold · n⌉ are shared, so one of this many rarest is. */
function prefixLength(n: number, threshold: number): number {
  return n - Math.ceil(threshold * n - 1e-9) + 1;
}

function withRoom(values: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= values.length) return values;
  const larger = new Int32Array(Math.max(length, values.length * 2));
  larger.set(values);
  return larger;
}
