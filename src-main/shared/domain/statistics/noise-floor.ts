import type { Rule } from '../flip-rules.ts';
import type { FlipKind, Judged } from '../flips.ts';
import { classifyFlip, isCounted, isFlip } from '../flips.ts';
import { bootstrapMean } from './bootstrap.ts';

/**
 * Sampled decoding flips samples by itself. Evaluating the same checkpoint twice with different seeds (A/A) shows how
 * many: the noise floor. Greedy decoding has floor 0 by construction and needs none of this.
 */

/** A flip that every repeat confirms, one that some repeat contradicts, or one that was not repeated. */
export type Solidity = 'solid' | 'flaky' | 'untested';

/** One sample with all its evaluations: the first of each side is the one the comparison uses. */
export interface RepeatedSample {
  left: readonly Judged[];
  right: readonly Judged[];
}

export interface NoiseFloor {
  /** Samples counted: repeated on the left side, with a verdict in the comparison and in an A/A pair. */
  n: number;
  /** Expected negative flips from sampling alone, as a share of n: half the samples that two A/A runs disagree on. */
  floor: number;
  nfr: number;
  /** NFR − floor, with a bootstrap interval over samples; bounds null for fewer than two samples. */
  excess: { value: number; low: number | null; high: number | null; seed: number };
  solid: number;
  flaky: number;
}

/**
 * Whether a flip holds under every pairing of a left and a right repeat. Without repeats on either side nothing was
 * tested.
 */
export function flipSolidity(sample: RepeatedSample, rule: Rule): Solidity | null {
  const kind = firstKind(sample, rule);
  if (!isFlip(kind)) return null;
  if (sample.left.length < 2 && sample.right.length < 2) return 'untested';
  const stands = sample.left.every((left) => sample.right.every((right) => classifyFlip(left, right, rule) === kind));
  return stands ? 'solid' : 'flaky';
}

/** Null when no sample has an A/A pair. `solid` and `flaky` count negative flips. */
export function noiseFloor(samples: Iterable<RepeatedSample>, rule: Rule, seed = 0): NoiseFloor | null {
  const excesses: number[] = [];
  let floorSum = 0;
  let negative = 0;
  const standing = { solid: 0, flaky: 0, untested: 0 };
  for (const sample of samples) {
    const kind = firstKind(sample, rule);
    const noise = noiseOf(sample.left, rule);
    if (!isCounted(kind) || noise === null) continue;
    const isNegative = kind === 'negative';
    excesses.push((isNegative ? 1 : 0) - noise);
    floorSum += noise;
    if (!isNegative) continue;
    negative += 1;
    standing[flipSolidity(sample, rule) ?? 'untested'] += 1;
  }
  const n = excesses.length;
  const interval = bootstrapMean(Float64Array.from(excesses), { seed });
  if (interval === null) return null;
  return {
    n,
    floor: floorSum / n,
    nfr: negative / n,
    excess: { value: interval.mean, low: interval.low, high: interval.high, seed },
    solid: standing.solid,
    flaky: standing.flaky,
  };
}

/**
 * The chance that sampling alone makes this sample a negative flip: over all A/A pairs of its left evaluations, half the
 * share that changed, since either order of a pair is as likely. Null without a pair that counts.
 */
function noiseOf(repeats: readonly Judged[], rule: Rule): number | null {
  let pairs = 0;
  let changed = 0;
  repeats.forEach((one, i) => {
    for (const other of repeats.slice(i + 1)) {
      const kind = classifyFlip(one, other, rule);
      if (!isCounted(kind)) continue;
      pairs += 1;
      if (isFlip(kind)) changed += 1;
    }
  });
  return pairs === 0 ? null : changed / pairs / 2;
}

function firstKind({ left, right }: RepeatedSample, rule: Rule): FlipKind {
  const [old] = left;
  const [now] = right;
  return old === undefined || now === undefined ? 'missing' : classifyFlip(old, now, rule);
}
