import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';

/**
 * Bradley–Terry loss per pair → [pairs]: −log σ(r_w − r_l) (Ouyang et al. 2022 eq. 1) plus
 * centerWeight·(r_w + r_l)² (Eisenstein et al. 2023), TRL's `center_rewards_coefficient`. Scores are [pairs].
 */
export function rewardLoss(chosen: Tensor1D, rejected: Tensor1D, centerWeight: number): Tensor1D {
  const ranking: Tensor1D = tf.softplus(tf.sub(rejected, chosen));
  if (centerWeight === 0) return ranking;
  return tf.add(ranking, tf.mul(tf.square(tf.add(chosen, rejected)), centerWeight));
}
