import { hypergeometricCdf } from './distributions.js';

/**
 * One-sided Fisher test (the hypergeometric tail): the chance that a slice of `sliceSize` samples, drawn blindly from
 * `total` samples of which `totalHits` are negative flips, holds `sliceHits` or more. Small p = the slice regressed more
 * than the rest of its comparison.
 */
export function excessP(sliceHits: number, sliceSize: number, totalHits: number, total: number): number {
  if (sliceHits <= Math.max(0, sliceSize + totalHits - total)) return 1;
  const expected = (sliceSize * totalHits) / total;
  // The upper tail is the lower tail of the slice's other samples: summed directly it keeps its digits, 1 − cdf loses them.
  if (sliceHits > expected) return hypergeometricCdf(sliceSize - sliceHits, total, total - totalHits, sliceSize);
  return 1 - hypergeometricCdf(sliceHits - 1, total, totalHits, sliceSize);
}
