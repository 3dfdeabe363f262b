import type { ShareEstimate, ChangeEstimate } from './attempt-summary-schema.ts';
import { criticalT } from './intervals.ts';
import { scoreInterval } from './score-interval.ts';

/** Values of samples, with their sums over the groups that are independent: samples, or groups of them. */
interface Grouped {
  /** Sums of values and number of samples, one per group. */
  sums: number[];
  sizes: number[];
  n: number;
  mean: number;
  /** Mean of the squares of the samples' values. */
  square: number;
}

function grouped(values: Float64Array, groups: Int32Array | null): Grouped | null {
  const places = new Map<number, number>();
  const [sums, sizes]: [number[], number[]] = [[], []];
  let [n, total, squares] = [0, 0, 0];
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    let place = n;
    if (groups !== null) {
      const id = groups[i] as number;
      place = places.get(id) ?? places.size;
      places.set(id, place);
    }
    sums[place] = (sums[place] ?? 0) + value;
    sizes[place] = (sizes[place] ?? 0) + 1;
    n += 1;
    total += value;
    squares += value * value;
  });
  return n === 0 ? null : { sums, sizes, n, mean: total / n, square: squares / n };
}

/** Variance of the mean over groups (linearised), times n. */
function groupVariance({ sums, sizes, n, mean }: Grouped): number {
  const count = sums.length;
  const squares = sums.reduce((sum, value, i) => sum + (value - mean * (sizes[i] as number)) ** 2, 0);
  return ((count / (count - 1)) * squares) / n;
}

/**
 * Mean of shares between 0 and 1, one per sample: Wilson's interval on the number of single answers that would be as sure.
 * That is n over the design effect, the variance of the samples' shares over that of single answers, and never below
 * `1 / atBest`: the answers to one sample are at best independent. NaN is left out; null without values.
 */
export function meanShare(
  values: Float64Array,
  groups: Int32Array | null,
  atBest: number,
  level: number,
): ShareEstimate | null {
  const own = grouped(values, groups);
  if (own === null) return null;
  const { n, mean } = own;
  const single = mean * (1 - mean);
  const effect = own.sums.length < 2 || single <= 0 ? 1 : Math.max(1 / atBest, groupVariance(own) / single);
  const critical = criticalT(level, Math.max(2, own.sums.length));
  const { low, high } = scoreInterval((mean * n) / effect, n / effect, critical);
  return { value: mean, low, high, n };
}

/**
 * Mean of differences, one per sample: the adjusted Wald interval of Bonett and Price (2012), with one imaginary sample that
 * changed by `step` in each direction. With one answer per sample the step is 1 and the interval theirs.
 */
export function meanChange(
  values: Float64Array,
  groups: Int32Array | null,
  step: number,
  level: number,
): ChangeEstimate | null {
  const own = grouped(values, groups);
  if (own === null) return null;
  const { n, mean, square } = own;
  const count = own.sums.length;
  if (count < 2) return { value: mean, low: null, high: null, n };
  const variance = square - mean * mean;
  const effect = groups === null || variance <= 0 ? 1 : Math.max(1, groupVariance(own) / variance);
  const size = n / effect + 2;
  const centre = (mean * n) / effect / size;
  const spread = ((square * n) / effect + 2 * step * step) / size - centre * centre;
  const half = criticalT(level, count) * Math.sqrt(Math.max(0, spread) / size);
  return { value: mean, low: Math.max(-1, centre - half), high: Math.min(1, centre + half), n };
}
