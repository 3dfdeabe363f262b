import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';

/**
 * Negative log-likelihood per sample → [samples], scaled so that its **sum** over all micro-batches of a step is the
 * mean over the step's completion tokens (transformers' `num_items_in_batch`), however the tokens fall into samples.
 * logProbs [samples]: summed over completion tokens.
 */
export function sftLoss(logProbs: Tensor1D, stepTokens: Tensor1D): Tensor1D {
  return tf.neg(tf.div(logProbs, stepTokens));
}
