export interface LengthSummary {
  min: number;
  median: number;
  mean: number;
  p95: number;
  max: number;
}

/** Counts of values in bins of equal width; bin i holds `from + i · width` up to below the next. */
export interface Histogram {
  from: number;
  width: number;
  counts: number[];
}

const mostBins = 40;

export function lengthSummary(values: Int32Array): LengthSummary {
  if (values.length === 0) return { min: 0, median: 0, mean: 0, p95: 0, max: 0 };
  const sorted = values.slice().sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { min: sorted[0] as number, median: at(0.5), mean, p95: at(0.95), max: sorted.at(-1) as number };
}

/** At most 40 bins, of a width that people count in: 1, 2, 5, 10, 20, 50 … What is beyond the 99.5th percentile is in the last. */
export function histogramOf(values: Int32Array): Histogram {
  if (values.length === 0) return { from: 0, width: 1, counts: [] };
  const sorted = values.slice().sort();
  const low = sorted[Math.floor(0.005 * (sorted.length - 1))] as number;
  const high = sorted[Math.ceil(0.995 * (sorted.length - 1))] as number;
  const width = roundWidth((Math.max(high, low) - Math.min(low, high) + 1) / mostBins);
  const from = Math.floor(low / width) * width;
  const bins = Math.max(1, Math.floor((high - from) / width) + 1);
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.max(0, Math.floor((value - from) / width)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return { from, width, counts };
}

function roundWidth(least: number): number {
  let unit = 1;
  for (;;) {
    for (const step of [1, 2, 5]) if (unit * step >= least) return unit * step;
    unit *= 10;
  }
}
