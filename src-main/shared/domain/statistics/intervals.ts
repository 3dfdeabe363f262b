import type { Rate } from './comparison-summary.ts';
import { scoreInterval } from './score-interval.ts';
import type { Interval } from './score-interval.ts';
import { normalQuantile, tQuantile } from './distributions.js';

export { scoreInterval };
export type { Interval };

export const defaultLevel = 0.95;

/** The two-sided t quantile of `groups` independent groups. */
export function criticalT(level: number, groups: number): number {
  return tQuantile(1 - (1 - level) / 2, groups - 1);
}

/** The two-sided normal quantile: 1.96 at 95 %. */
export function criticalZ(level: number): number {
  return normalQuantile(1 - (1 - level) / 2, 0, 1);
}

/**
 * Wilson's score interval of `hits` of `total` (Wilson 1927): the rates p that a two-sided score test at `level` would not
 * refuse. It stays inside [0, 1] and is honest at 0 hits, where Wald's interval has width 0. With total = 0 nothing is
 * known: value null, [0, 1].
 */
export function wilson(hits: number, total: number, level: number = defaultLevel): Rate {
  return { ...scoreInterval(hits, total, criticalZ(level)), method: 'wilson', level };
}

/**
 * Interval of (positive − negative) / n on the same samples: the adjusted Wald interval of Bonett and Price (2012), one
 * imaginary flip each way. It keeps its level where few samples changed; plain Wald does not.
 */
export function pairedDifference(
  negative: number,
  positive: number,
  total: number,
  critical: number = criticalZ(defaultLevel),
): Interval {
  if (total === 0) return { value: null, low: -1, high: 1 };
  const worse = (negative + 1) / (total + 2);
  const better = (positive + 1) / (total + 2);
  const centre = better - worse;
  const spread = critical * Math.sqrt((worse + better - centre * centre) / (total + 2));
  return {
    value: (positive - negative) / total,
    low: Math.max(-1, centre - spread),
    high: Math.min(1, centre + spread),
  };
}

/** Student's t interval of a mean over few independent values (seeds). One value has no interval: null bounds. */
export function meanOverSeeds(
  values: readonly number[],
  level: number = defaultLevel,
): { mean: number; low: number | null; high: number | null } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, low: null, high: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const half = criticalT(level, count) * Math.sqrt(variance / count);
  return { mean, low: mean - half, high: mean + half };
}
