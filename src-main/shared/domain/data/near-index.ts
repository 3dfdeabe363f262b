import { slotsFor } from './hash-index.ts';
import { jaccard } from './words.ts';

/**
 * Finds texts whose sets of words are similar (Jaccard), by MinHash: 20 bands of 6 minima bring two texts of similarity 0.8 together with
 * probability 0.997. What is brought together is compared word by word, so that the answer is exact for every pair that was looked at.
 */
const bands = 20;
const perBand = 6;
const minima = bands * perBand;
/** A bucket that holds more is one of empty phrases; the newest are looked at. */
const longestChain = 32;
/** The minima estimate the similarity to about ±0.04; what they put this far below is not compared word by word. */
const slack = 0.16;

const [factors, offsets] = coefficients();

export class NearIndex {
  readonly #threshold: number;
  readonly #wordsOf: (member: number) => Int32Array;
  readonly #heads: Int32Array;
  /** Entry e = member · bands + band; the entry before it in its bucket, plus one. */
  #previous: Int32Array;
  /** The lowest byte of each minimum. */
  #signatures: Uint8Array;
  readonly #members: number[] = [];
  readonly #minima = new Int32Array(minima);

  /** @param wordsOf Words of a member that was added, from wherever they are. */
  constructor(expected: number, threshold: number, wordsOf: (member: number) => Int32Array) {
    this.#threshold = threshold;
    this.#wordsOf = wordsOf;
    this.#heads = new Int32Array(slotsFor(expected * bands));
    this.#previous = new Int32Array(expected * bands);
    this.#signatures = new Uint8Array(expected * minima);
  }

  /** The earliest member found to be similar enough, with its similarity; null where there is none. */
  find(words: Int32Array): { member: number; similarity: number } | null {
    if (words.length === 0) return null;
    this.#measure(words);
    const seen = new Set<number>();
    for (let band = 0; band < bands; band++) {
      let entry = this.#heads[this.#slot(band)] as number;
      for (let steps = 0; entry !== 0 && steps < longestChain; steps++) {
        seen.add(Math.floor((entry - 1) / bands));
        entry = this.#previous[entry - 1] as number;
      }
    }
    for (const place of [...seen].sort((a, b) => a - b)) {
      if (this.#estimate(place) < this.#threshold - slack) continue;
      const member = this.#members[place] as number;
      const similarity = jaccard(words, this.#wordsOf(member));
      if (similarity >= this.#threshold) return { member, similarity };
    }
    return null;
  }

  /** Adds the text that was looked for last. */
  add(member: number): void {
    const place = this.#members.push(member) - 1;
    this.#room(place);
    for (let band = 0; band < bands; band++) {
      const slot = this.#slot(band);
      const entry = place * bands + band;
      this.#previous[entry] = this.#heads[slot] as number;
      this.#heads[slot] = entry + 1;
    }
    for (let k = 0; k < minima; k++) this.#signatures[place * minima + k] = (this.#minima[k] as number) & 255;
  }

  #measure(words: Int32Array): void {
    const least = this.#minima.fill(0x7fffffff);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as number;
      for (let k = 0; k < minima; k++) {
        let x = Math.imul(word ^ (offsets[k] as number), factors[k] as number);
        x ^= x >>> 15;
        if (x < (least[k] as number)) least[k] = x;
      }
    }
  }

  #slot(band: number): number {
    let hash = band * 0x9e3779b1;
    for (let k = band * perBand; k < (band + 1) * perBand; k++) {
      hash = Math.imul(hash ^ (this.#minima[k] as number), 0x85ebca6b);
      hash ^= hash >>> 13;
    }
    return hash & (this.#heads.length - 1);
  }

  /** Of a byte of each minimum, one in 256 agrees by chance. */
  #estimate(place: number): number {
    let same = 0;
    for (let k = 0; k < minima; k++) {
      if (this.#signatures[place * minima + k] === ((this.#minima[k] as number) & 255)) same++;
    }
    return (same / minima - 1 / 256) / (1 - 1 / 256);
  }

  #room(place: number): void {
    if ((place + 1) * bands <= this.#previous.length) return;
    const places = Math.max(64, place * 2);
    const previous = new Int32Array(places * bands);
    const signatures = new Uint8Array(places * minima);
    previous.set(this.#previous);
    signatures.set(this.#signatures);
    [this.#previous, this.#signatures] = [previous, signatures];
  }
}

/** The same on every machine: the counts of a check are. */
function coefficients(): [Int32Array, Int32Array] {
  const factors = new Int32Array(minima);
  const offsets = new Int32Array(minima);
  let state = 0x2545f491;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    return (state ^= state << 5);
  };
  for (let k = 0; k < minima; k++) {
    factors[k] = next() | 1;
    offsets[k] = next();
  }
  return [factors, offsets];
}
