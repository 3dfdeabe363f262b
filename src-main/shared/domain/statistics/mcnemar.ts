import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import binomialPmf from '@stdlib/stats-base-dists-binomial-pmf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { criticalZ } from './intervals.ts';

/**
 * Exact McNemar test, two-sided: were the `negative + positive` changed samples as likely to go either way? It answers
 * **net change only**: 60 regressed and 60 fixed gives p = 1 although 120 samples changed.
 */
export function mcnemarExact(negative: number, positive: number): number {
  const changed = negative + positive;
  if (changed === 0) return 1;
  return Math.min(1, 2 * binomialCdf(Math.min(negative, positive), changed, 0.5));
}

export interface PowerOptions {
  /** Two-sided level of the test. */
  alpha?: number;
  /** Wanted probability of seeing the change. */
  power?: number;
}

/**
 * How many paired samples would settle whether the average changed, if negative and positive flips kept the rates they
 * have (Connor 1987). Null when the rates are equal: no n settles that.
 */
export function samplesForNetChange(
  negativeRate: number,
  positiveRate: number,
  { alpha = 0.05, power = 0.8 }: PowerOptions = {},
): number | null {
  const changed = negativeRate + positiveRate;
  const difference = Math.abs(negativeRate - positiveRate);
  if (difference === 0) return null;
  const zAlpha = criticalZ(1 - alpha);
  const zBeta = normalQuantile(power, 0, 1);
  const root = zAlpha * Math.sqrt(changed) + zBeta * Math.sqrt(Math.max(0, changed - difference * difference));
  return Math.ceil((root / difference) ** 2);
}

/**
 * How many paired samples would bring the Wilson interval of an observed `rate` to one side of `limit`. Wilson's bound
 * meets the limit where the score test does, so n = z²·limit·(1 − limit) / (rate − limit)². Null when they are equal.
 */
export function samplesToClearLimit(rate: number, limit: number, level: number): number | null {
  if (rate === limit) return null;
  return Math.ceil((criticalZ(level) ** 2 * limit * (1 - limit)) / (rate - limit) ** 2);
}

/**
 * Exact power of `mcnemarExact` at level `alpha` with `total` samples: the chance of a small p, summed over the number of
 * changed samples and over how they split.
 */
export function mcnemarPower(total: number, negativeRate: number, positiveRate: number, alpha = 0.05): number {
  const changedRate = negativeRate + positiveRate;
  if (changedRate === 0) return 0;
  const negativeShare = negativeRate / changedRate;
  let power = 0;
  for (let changed = 1; changed <= total; changed += 1) {
    const weight = binomialPmf(changed, total, changedRate);
    if (weight > 1e-15) power += weight * refusalChance(changed, negativeShare, alpha);
  }
  return power;
}

/** P(p ≤ alpha) when `changed` samples split with `negativeShare`. */
function refusalChance(changed: number, negativeShare: number, alpha: number): number {
  const most = largestRefused(changed, alpha);
  if (most < 0) return 0;
  const fewNegative = binomialCdf(most, changed, negativeShare);
  const fewPositive = binomialCdf(most, changed, 1 - negativeShare);
  return fewNegative + fewPositive;
}

/** The largest minority count that the two-sided test still refuses; −1 when it refuses none. Bisection: p grows with it. */
function largestRefused(changed: number, alpha: number): number {
  let refused = -1;
  let kept = Math.floor(changed / 2) + 1;
  while (kept - refused > 1) {
    const middle = Math.floor((refused + kept) / 2);
    if (mcnemarExact(middle, changed - middle) <= alpha) refused = middle;
    else kept = middle;
  }
  return refused;
}
