import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';

/**
 * Clipped policy objective per token → [tokens]: max(−A ρ, −A clip(ρ, 1−c, 1+c)), ρ = exp(lp − lp_old)
 * (Schulman et al. 2017 eq. 7, negated).
 */
export function ppoPolicyLoss(
  logProbs: Tensor1D,
  oldLogProbs: Tensor1D,
  advantages: Tensor1D,
  clipRange: number,
): Tensor1D {
  const ratio: Tensor1D = tf.exp(tf.sub(logProbs, oldLogProbs));
  const plain: Tensor1D = tf.neg(tf.mul(advantages, ratio));
  const clipped: Tensor1D = tf.neg(tf.mul(advantages, tf.clipByValue(ratio, 1 - clipRange, 1 + clipRange)));
  return tf.maximum(plain, clipped);
}

/**
 * Clipped value loss per token → [tokens]: ½ max((V − R)², (clip(V, V_old ± c) − R)²)
 * (Ouyang et al. 2022's implementation, as in TRL and OpenAI's lm-human-preferences).
 */
export function ppoValueLoss(values: Tensor1D, oldValues: Tensor1D, returns: Tensor1D, clipRange: number): Tensor1D {
  const moved: Tensor1D = tf.clipByValue(tf.sub(values, oldValues), -clipRange, clipRange);
  const clipped: Tensor1D = tf.add(oldValues, moved);
  const worst: Tensor1D = tf.maximum(tf.square(tf.sub(values, returns)), tf.square(tf.sub(clipped, returns)));
  return tf.mul(worst, 0.5);
}

/** Advantages and returns of one response, one number per token. */
export interface AdvantageEstimate {
  advantages: Float32Array;
  returns: Float32Array;
}

/**
 * Generalised advantage estimation of one finished response (Schulman et al. 2016 eq. 16):
 * δ_t = r_t + γ V_{t+1} − V_t, A_t = δ_t + γλ A_{t+1}, R_t = A_t + V_t; V after the last token is 0.
 */
export function generalisedAdvantage(
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  gamma: number,
  lambda: number,
): AdvantageEstimate {
  const length = rewards.length;
  const advantages = new Float32Array(length);
  const returns = new Float32Array(length);
  let nextValue = 0;
  let running = 0;
  for (let t = length - 1; t >= 0; t--) {
    const value = values[t] as number;
    running = (rewards[t] as number) + gamma * nextValue - value + gamma * lambda * running;
    advantages[t] = running;
    returns[t] = running + value;
    nextValue = value;
  }
  return { advantages, returns };
}

/**
 * Rewards per token of one response: −weight·(lp_old − lp_ref) at every token (the k1 estimate of the KL), and the
 * scalar reward at the last token (Ziegler et al. 2019 eq. 2).
 */
export function tokenRewards(
  score: number,
  logProbs: ArrayLike<number>,
  refLogProbs: ArrayLike<number>,
  klWeight: number,
): Float32Array {
  const rewards = Float32Array.from(logProbs, (lp, t) => -klWeight * (lp - (refLogProbs[t] as number)));
  const last = rewards.length - 1;
  if (last >= 0) rewards[last] = (rewards[last] as number) + score;
  return rewards;
}

/** (x − mean) / √(variance + 1e-8) over every token of the batch, as TRL whitens advantages. */
export function whiten(parts: readonly Float32Array[]): Float32Array[] {
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  if (count < 2) return parts.map((part) => Float32Array.from(part));
  const mean = parts.reduce((sum, part) => part.reduce((inner, x) => inner + x, sum), 0) / count;
  const squares = parts.reduce((sum, part) => part.reduce((inner, x) => inner + (x - mean) ** 2, sum), 0);
  const scale = 1 / Math.sqrt(squares / (count - 1) + 1e-8);
  return parts.map((part) => part.map((x) => (x - mean) * scale));
}

/**
 * Adaptive KL weight (Ziegler et al. 2019 §2.2): w ← w·(1 + clip(KL/target − 1, ±0.2)·n/horizon), n samples seen since.
 */
export function nextKlWeight(weight: number, kl: number, target: number, samples: number, horizon: number): number {
  const error = Math.min(Math.max(kl / target - 1, -0.2), 0.2);
  return weight * (1 + (error * samples) / horizon);
}
