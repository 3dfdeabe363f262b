import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import binomialPmf from '@stdlib/stats-base-dists-binomial-pmf';
import { mcnemarExact } from '../../../src-main/shared/domain/statistics/mcnemar.ts';

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
