import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { BatchLayout } from '../losses/layout.ts';

/** Numbers of each sequence's tokens in the layout's order of tokens; 0 in padding. */
export function inLayoutOrder(layout: BatchLayout, parts: readonly Float32Array[]): Float32Array {
  const line = new Float32Array(layout.form.tokens);
  parts.forEach((part, row) => line.set(part, layout.starts[row] as number));
  return line;
}

/**
 * Tokens whose ratio left the clip range on the side that their advantage pushes to, so that clipping removes their gradient (TRL's
 * `clipfrac`), and the k2 estimate ½(lp − lp_old)² of the KL, both per token.
 */
export function drift(
  logProbs: Tensor1D,
  old: Tensor1D,
  advantages: Tensor1D,
  clipRange: number,
): [Tensor1D, Tensor1D] {
  const moved: Tensor1D = tf.sub(logProbs, old);
  const pushed: Tensor1D = tf.mul(tf.sign(advantages), tf.sub(tf.exp(moved), 1));
  const clipped: Tensor1D = tf.cast(tf.greater(pushed, clipRange), 'float32');
  return [clipped, tf.mul(tf.square(moved), 0.5)];
}
