import { normalCdf } from './distributions.js';

/** Above so many steps the sum is taken for normal: there its shape is. */
const mostSteps = 2e7;

/**
 * Sign-flip test of paired differences, two-sided: were old and new as likely the other way round, in each group of samples?
 * p is the share of all 2^groups choices of signs whose sum is at least as far from 0 as the one seen, counted exactly where
 * that can be done. With one answer per sample and no groups it is exact McNemar.
 *
 * @param differences whole numbers: one per group, all in the same unit
 */
export function signFlipP(differences: readonly number[]): { p: number; isExact: boolean } {
  const weights = differences.map(Math.abs).filter((weight) => weight > 0);
  const seen = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  if (weights.length === 0 || seen === 0) return { p: 1, isExact: true };
  const unit = weights.reduce(greatestDivisor);
  const whole = weights.every(Number.isSafeInteger);
  const reach = weights.reduce((sum, weight) => sum + weight, 0) / unit;
  if (!whole || reach * weights.length > mostSteps) {
    const deviation = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
    return { p: Math.min(1, 2 * normalCdf(-seen / deviation, 0, 1)), isExact: false };
  }
  const steps = weights.map((weight) => weight / unit);
  return { p: exactTail(steps, reach, seen / unit), isExact: true };
}

/** P(|Σ ± step| ≥ seen), from the distribution of the sum of the steps taken upwards. */
function exactTail(steps: readonly number[], reach: number, seen: number): number {
  let chances = new Float64Array(reach + 1);
  chances[0] = 1;
  let top = 0;
  for (const step of steps) {
    const next = new Float64Array(reach + 1);
    for (let up = 0; up <= top; up += 1) {
      const half = (chances[up] as number) / 2;
      next[up]! += half;
      next[up + step]! += half;
    }
    top += step;
    chances = next;
  }
  // The sum is 2·up − reach; it is symmetric about 0, so that one tail counts twice.
  let tail = 0;
  for (let up = 0; 2 * up - reach <= -seen; up += 1) tail += chances[up] as number;
  return Math.min(1, 2 * tail);
}

function greatestDivisor(a: number, b: number): number {
  let [high, low] = [a, b];
  while (low > 0) [high, low] = [low, high % low];
  return high;
}
