import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';

/** Mean log-probs per completion token of a batch of pairs, in nats. All [pairs]. */
export interface MeanLogProbs {
  chosen: Tensor1D;
  rejected: Tensor1D;
}

/** log odds(y_w) − log odds(y_l) per pair → [pairs], odds(y) = p/(1 − p) of the mean token (Hong et al. 2024 eq. 4). */
export function logOddsRatio({ chosen, rejected }: MeanLogProbs): Tensor1D {
  return tf.sub(tf.sub(chosen, rejected), tf.sub(logOneMinusExp(chosen), logOneMinusExp(rejected)));
}

/**
 * SimPO per pair → [pairs]: −(1−ε) log σ(z) − ε log σ(−z), z = β·(mean lp(y_w) − mean lp(y_l)) − γ (Meng et al. 2024 eq. 6).
 */
export function simpoLoss(
  { chosen, rejected }: MeanLogProbs,
  { beta, gamma, labelSmoothing }: { beta: number; gamma: number; labelSmoothing: number },
): Tensor1D {
  const logits: Tensor1D = tf.sub(tf.mul(tf.sub(chosen, rejected), beta), gamma);
  const kept: Tensor1D = tf.softplus(tf.neg(logits));
  if (labelSmoothing === 0) return kept;
  return tf.add(tf.mul(kept, 1 - labelSmoothing), tf.mul(tf.softplus(logits), labelSmoothing));
}

/** log(1 − eˣ) for x < 0; a response of probability 1 counts as p = 1 − 1e-6, so that its odds stay finite. */
function logOneMinusExp(x: Tensor1D): Tensor1D {
  return tf.log(tf.neg(tf.expm1(tf.minimum(x, -1e-6))));
}
