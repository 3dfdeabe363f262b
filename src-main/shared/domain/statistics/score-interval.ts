/** An interval around a value; `value` is null when there was nothing to measure. */
export interface Interval {
  value: number | null;
  low: number;
  high: number;
}

/** The two-sided normal quantile at 95 %. */
export const normal95 = 1.959963984540054;

/**
 * Wilson's interval for any critical value; `hits` and `total` may be effective, not whole, numbers. Apart from the other
 * intervals because it needs no distribution: the interface uses it without shipping quantile functions.
 */
export function scoreInterval(hits: number, total: number, critical: number): Interval {
  if (total === 0) return { value: null, low: 0, high: 1 };
  const z2 = critical ** 2;
  const p = hits / total;
  const centre = p + z2 / (2 * total);
  const spread = Math.sqrt(z2 * ((p * (1 - p)) / total + z2 / (4 * total * total)));
  const scale = 1 + z2 / total;
  return {
    value: p,
    low: hits === 0 ? 0 : Math.max(0, (centre - spread) / scale),
    high: hits === total ? 1 : Math.min(1, (centre + spread) / scale),
  };
}
