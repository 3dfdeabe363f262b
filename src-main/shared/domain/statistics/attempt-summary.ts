import type { AttemptSummary, PassRate } from './attempt-summary-schema.ts';
import { meanChange, meanShare } from './sample-means.ts';
import { signFlipP } from './sign-flip.ts';
import { flipsByItself, flipStands, ownTestLevel, passAllK, passAtK, testSolved } from './solved.ts';
import type { Solved, SolvedTest } from './solved.ts';

/** Answers with a verdict and right ones among them, one entry per paired sample; 0 answers = none with a verdict. */
export interface PairedAttempts {
  leftAttempts: Uint32Array;
  leftRight: Uint32Array;
  rightAttempts: Uint32Array;
  rightRight: Uint32Array;
  /** 1 where the verdicts make a negative flip. */
  isNegative: Uint8Array;
  /** Same number = not independent; null where each sample stands for itself. */
  clusters: Int32Array | null;
}

/** What several answers per sample say (method.md, “Several answers per sample”). Null where no sample of either side has several. */
export function attemptSummary(attempts: PairedAttempts, level: number): AttemptSummary | null {
  const samples = new Samples(attempts, level);
  if (samples.n === 0 || (samples.left.most < 2 && samples.right.most < 2)) return null;
  return {
    n: samples.n,
    level,
    left: samples.left,
    right: samples.right,
    success: { ...samples.rates(passOnce), ...samples.signFlips() },
    passAt: samples.ladder().map((k) => ({ k, ...samples.rates((solved) => passAtK(solved, k)) })),
    passAll: samples.ladder().map((k) => ({ k, ...samples.rates((solved) => passAllK(solved, k)) })),
    oneAnswer: samples.oneAnswer(),
    ...samples.tests(),
  };
}

const passOnce = ({ attempts, right }: Solved): number => right / attempts;

type PairValue = (old: Solved, now: Solved) => number | null;

class Samples {
  readonly n: number;
  readonly left: AttemptSummary['left'];
  readonly right: AttemptSummary['right'];
  readonly #old: Solved[] = [];
  readonly #now: Solved[] = [];
  readonly #isNegative: boolean[] = [];
  readonly #groups: Int32Array | null;
  readonly #level: number;
  readonly #most: number;
  /** The imaginary change of `meanChange`: the size of a change of one answer, in the mean of squares. */
  readonly #step: number;

  constructor(
    { leftAttempts, leftRight, rightAttempts, rightRight, isNegative, clusters }: PairedAttempts,
    level: number,
  ) {
    const groups: number[] = [];
    for (let i = 0; i < leftAttempts.length; i += 1) {
      const old = { attempts: leftAttempts[i] ?? 0, right: leftRight[i] ?? 0 };
      const now = { attempts: rightAttempts[i] ?? 0, right: rightRight[i] ?? 0 };
      if (old.attempts === 0 || now.attempts === 0) continue;
      this.#old.push(old);
      this.#now.push(now);
      this.#isNegative.push(isNegative[i] === 1);
      groups.push(clusters?.[i] ?? 0);
    }
    this.n = this.#old.length;
    this.left = answersOf(this.#old);
    this.right = answersOf(this.#now);
    this.#groups = clusters === null ? null : Int32Array.from(groups);
    this.#level = level;
    this.#most = Math.max(1, this.left.most, this.right.most);
    const inverse = this.#old.reduce(
      (sum, { attempts }, i) => sum + 1 / attempts + 1 / (this.#now[i]?.attempts ?? 1),
      0,
    );
    this.#step = Math.sqrt(inverse / 2 / Math.max(1, this.n));
  }

  /** 1, 2, 4, … up to what both sides were answered, and that itself. */
  ladder(): number[] {
    const most = Math.min(this.left.most, this.right.most);
    const steps: number[] = [];
    for (let k = 1; k < most; k *= 2) steps.push(k);
    return [...steps, most];
  }

  rates(of: (solved: Solved) => number | null): Omit<PassRate, 'k'> {
    const pair =
      (pick: (old: number, now: number) => number): PairValue =>
      (old, now) => {
        const [left, right] = [of(old), of(now)];
        return left === null || right === null ? null : pick(left, right);
      };
    return {
      left: this.#share(pair((old) => old)),
      right: this.#share(pair((_, now) => now)),
      change: this.#change(pair((old, now) => now - old)),
    };
  }

  signFlips(): Pick<AttemptSummary['success'], 'p' | 'test'> {
    // A unit in which every share of every sample is whole.
    const unit = [...new Set([...this.#old, ...this.#now].map(({ attempts }) => attempts))].reduce(commonMultiple, 1);
    const sums = new Map<number, number>();
    this.#old.forEach((old, i) => {
      const now = this.#now[i] as Solved;
      const difference = (unit / now.attempts) * now.right - (unit / old.attempts) * old.right;
      const group = this.#groups === null ? i : (this.#groups[i] as number);
      sums.set(group, (sums.get(group) ?? 0) + difference);
    });
    const { p, isExact } = signFlipP([...sums.values()]);
    return { p, test: isExact ? 'sign-flip-exact' : 'sign-flip-normal' };
  }

  oneAnswer(): AttemptSummary['oneAnswer'] {
    const negative = (old: Solved, now: Solved) => passOnce(old) * (1 - passOnce(now));
    const positive = (old: Solved, now: Solved) => (1 - passOnce(old)) * passOnce(now);
    const excess =
      (flip: PairValue): PairValue =>
      (old, now) => {
        const [seen, noise] = [flip(old, now), byItself(old, now)];
        return seen === null || noise === null ? null : seen - noise;
      };
    const hasNoise = this.left.most > 1 || this.right.most > 1;
    const [excessNfr, excessPfr] = hasNoise
      ? [this.#change(excess(negative)), this.#change(excess(positive))]
      : [null, null];
    return {
      nfr: this.#share(negative),
      pfr: this.#share(positive),
      // Of pairs of answers there are more than answers, so that its variance can be lower still.
      expected: hasNoise ? this.#share(byItself, this.#most ** 2) : null,
      excessNfr,
      excessPfr,
      moved: excessNfr === null || excessPfr === null ? null : excessNfr.value + excessPfr.value,
    };
  }

  tests(): Pick<AttemptSummary, 'tested' | 'negativeFlips'> {
    const tested = { alpha: ownTestLevel, worse: 0, better: 0, expectedWorse: 0, expectedBetter: 0 };
    const negativeFlips = { solid: 0, flaky: 0 };
    const known = new Map<string, SolvedTest>();
    this.#old.forEach((old, i) => {
      const now = this.#now[i] as Solved;
      const key = `${old.attempts} ${old.right} ${now.attempts} ${now.right}`;
      const test = known.get(key) ?? testSolved(old, now, ownTestLevel);
      known.set(key, test);
      tested.expectedWorse += test.worse;
      tested.expectedBetter += test.better;
      if (test.p <= ownTestLevel) tested[passOnce(now) < passOnce(old) ? 'worse' : 'better'] += 1;
      const stands = this.#isNegative[i] === true ? flipStands(old, now) : null;
      if (stands !== null) negativeFlips[stands ? 'solid' : 'flaky'] += 1;
    });
    return { tested, negativeFlips };
  }

  #values(of: PairValue): Float64Array {
    return Float64Array.from(this.#old, (old, i) => of(old, this.#now[i] as Solved) ?? NaN);
  }

  #share(of: PairValue, atBest = this.#most) {
    return meanShare(this.#values(of), this.#groups, atBest, this.#level) ?? nothing;
  }

  #change(of: PairValue) {
    return meanChange(this.#values(of), this.#groups, this.#step, this.#level) ?? nothing;
  }
}

const nothing = { value: 0, low: 0, high: 1, n: 0 };

/** Of the sides that were answered several times, the mean of how often each flips by itself. */
function byItself(old: Solved, now: Solved): number | null {
  const sides = [flipsByItself(old), flipsByItself(now)].filter((noise) => noise !== null);
  return sides.length === 0 ? null : sides.reduce((sum, noise) => sum + noise, 0) / sides.length;
}

function answersOf(side: readonly Solved[]): AttemptSummary['left'] {
  let [least, most, total] = [Infinity, 0, 0];
  for (const { attempts } of side) {
    least = Math.min(least, attempts);
    most = Math.max(most, attempts);
    total += attempts;
  }
  return { least: side.length === 0 ? 0 : least, most, mean: total / Math.max(1, side.length) };
}

function commonMultiple(a: number, b: number): number {
  let [high, low] = [a, b];
  while (low > 0) [high, low] = [low, high % low];
  return (a / high) * b;
}
