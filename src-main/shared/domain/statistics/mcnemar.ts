import { criticalZ } from './intervals.ts';
import { binomialCdf, normalQuantile } from './distributions.js';

/**
 * Exact McNemar test, two-sided: were the `negative + positive` changed samples as likely to go either way? It tests
 * **the net change alone**: 60 regressed and 60 fixed gives p = 1 although 120 samples changed.
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
