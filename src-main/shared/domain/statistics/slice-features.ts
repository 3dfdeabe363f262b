import type { FlipKind } from '../flips.ts';

export type SliceFamily = 'length' | 'number' | 'tag' | 'slice' | 'label' | 'word' | 'phrase';

/** A sample as the search sees it. `numbers` become quartiles, `tags`, `slices` and `labels` groups, `text` n-grams. */
export interface SearchSample {
  kind: FlipKind;
  text: string;
  tags?: readonly string[];
  slices?: readonly string[];
  labels?: Readonly<Record<string, string>>;
  numbers?: Readonly<Record<string, number>>;
}

/** A slice to be tried. */
export interface Candidate {
  name: string;
  family: SliceFamily;
  n: number;
  negativeFlips: number;
  /** Members that the old side got right; 0 under the margin rule, which knows no right. */
  rightBefore: number;
  /** Order-free digest of its members, to tell candidates that select the same samples. */
  members: number;
  /** The same as a filter's `where` has it; absent where no filter can ask for it. */
  statement?: string;
}

/** Counts members by key; each sample may be added to a key once. */
export class CandidateCounter<Key> {
  private readonly tallies = new Map<Key, Pick<Candidate, 'n' | 'negativeFlips' | 'rightBefore' | 'members'>>();

  add(key: Key, sampleIndex: number, kind: FlipKind): void {
    let tally = this.tallies.get(key);
    if (tally === undefined) this.tallies.set(key, (tally = { n: 0, negativeFlips: 0, rightBefore: 0, members: 0 }));
    tally.n += 1;
    tally.members += scramble(sampleIndex);
    if (kind === 'negative') tally.negativeFlips += 1;
    if (kind === 'negative' || kind === 'kept-right') tally.rightBefore += 1;
  }

  /** The tallies of at least `minSamples`, named. */
  candidates(
    minSamples: number,
    describe: (key: Key) => Pick<Candidate, 'name' | 'family' | 'statement'>,
  ): Candidate[] {
    return [...this.tallies].flatMap(([key, tally]) => (tally.n < minSamples ? [] : [{ ...describe(key), ...tally }]));
  }
}

/** A well-mixed integer below 2^32 per index; sums of up to 2^21 of them stay exact. */
function scramble(index: number): number {
  let mixed = Math.imul(index + 1, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
