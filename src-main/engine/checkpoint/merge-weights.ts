import type { MergeMethod } from '../../shared/domain/merging.ts';

/** The same weight of several models, `weight` being the model's share (task arithmetic: its λ). */
export interface Weighted {
  values: Float32Array;
  weight: number;
}

/**
 * (1 − fraction)·base + fraction·target of one weight, computed in float64. The target is
 * - `linear`: Σ wᵢ·mᵢ / Σ wᵢ;
 * - `task-arithmetic`: base + Σ wᵢ·(mᵢ − base) (Ilharco et al. 2023);
 * - `slerp`: base + the mᵢ − base, interpolated spherically one after the other, each by its share of the weights so far (WARP, Ramé et al.
 *   2024, equation 2 and its iteration for more than two).
 * Fraction 0 gives the base and, for a linear merge of one model, 1 gives that model exactly.
 */
export function mergeWeights(
  method: MergeMethod,
  base: Float32Array,
  models: readonly Weighted[],
  fraction: number,
): Float32Array {
  if (fraction === 0) return base;
  const target = targetOf(method, base, models);
  const merged = new Float32Array(base.length);
  for (let i = 0; i < base.length; i++) merged[i] = (1 - fraction) * base[i]! + fraction * target[i]!;
  return merged;
}

function targetOf(method: MergeMethod, base: Float32Array, models: readonly Weighted[]): Float32Array | Float64Array {
  const [first] = models;
  if (method === 'linear' && models.length === 1 && first !== undefined) return first.values;
  if (method === 'slerp') return around(base, turned(base, models));
  const total = models.reduce((sum, { weight }) => sum + weight, 0);
  const target = method === 'linear' ? new Float64Array(base.length) : Float64Array.from(base);
  for (const { values, weight } of models) {
    const share = method === 'linear' ? weight / total : weight;
    for (let i = 0; i < base.length; i++) {
      target[i]! += share * (method === 'linear' ? values[i]! : values[i]! - base[i]!);
    }
  }
  return target;
}

function around(base: Float32Array, difference: Float64Array): Float64Array {
  for (let i = 0; i < base.length; i++) difference[i]! += base[i]!;
  return difference;
}

function turned(base: Float32Array, models: readonly Weighted[]): Float64Array {
  let sum = 0;
  const mean = new Float64Array(base.length);
  for (const { values, weight } of models) {
    sum += weight;
    turnTowards(mean, (i) => values[i]! - base[i]!, weight / sum);
  }
  return mean;
}

/** Above this cosine two directions count as one, and the mean is linear, since slerp divides by the sine of their angle. */
const parallel = 0.9995;

/** from ← sin((1 − t)Ω)/sin Ω · from + sin(tΩ)/sin Ω · to, Ω being the angle between them. */
function turnTowards(from: Float64Array, to: (i: number) => number, t: number): void {
  let [ff, tt, ft] = [0, 0, 0];
  for (let i = 0; i < from.length; i++) {
    ff += from[i]! ** 2;
    tt += to(i) ** 2;
    ft += from[i]! * to(i);
  }
  const cosine = ff === 0 || tt === 0 ? 1 : Math.max(-1, Math.min(1, ft / Math.sqrt(ff * tt)));
  const angle = Math.acos(cosine);
  const isLinear = Math.abs(cosine) > parallel;
  const keep = isLinear ? 1 - t : Math.sin((1 - t) * angle) / Math.sin(angle);
  const take = isLinear ? t : Math.sin(t * angle) / Math.sin(angle);
  for (let i = 0; i < from.length; i++) from[i] = keep * from[i]! + take * to(i);
}
