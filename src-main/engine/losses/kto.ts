import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { KtoSpec } from '../../shared/domain/algorithms.ts';

/** A batch of labelled completions. All [samples] but `zero`; reference values carry no gradient. */
export interface LabelledLogProbs {
  policy: Tensor1D;
  reference: Tensor1D;
  /** 1 for a thumb up, 0 for one down. */
  desirable: Tensor1D;
  /** z₀, [1]: the KL that log-ratios are measured from, in nats; at least 0. */
  zero: Tensor1D;
}

/**
 * Loss per completion → [samples]: λ_D (1 − σ(β(r − z₀))) for desirable ones, λ_U (1 − σ(β(z₀ − r))) for the others, with
 * r = lp(π) − lp(ref) (Ethayarajh et al. 2024 eq. 7). `apo-zero` is the same with z₀ = 0 (D'Oosterlinck et al. 2024 eq. 7, unpaired).
 */
export function ktoLoss({ policy, reference, desirable, zero }: LabelledLogProbs, spec: KtoSpec): Tensor1D {
  const ratio: Tensor1D = tf.sub(policy, reference);
  const lead: Tensor1D = tf.mul(spec.loss === 'kto' ? tf.sub(ratio, zero) : ratio, spec.beta);
  const sign: Tensor1D = tf.sub(tf.mul(desirable, 2), 1);
  const weight: Tensor1D = tf.add(
    tf.mul(desirable, spec.desirableWeight),
    tf.mul(tf.sub(1, desirable), spec.undesirableWeight),
  );
  return tf.mul(weight, tf.sigmoid(tf.neg(tf.mul(sign, lead))));
}
