import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.ts';

/**
 * Operations whose gradient needs nothing of the forward pass. tfjs keeps their inputs for it all the same, for their shapes
 * alone.
 */

/** a + b of one shape. */
export function added<T extends tf.Tensor>(a: T, b: T): T {
  return customGradient(
    [a, b],
    (x, y) => ({ value: tf.add(x, y) as T, saved: [] }),
    (dy) => [tf.clone(dy), tf.clone(dy)],
  );
}

/** x [n, out] + bias [out]. */
export function biased(x: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  return customGradient(
    [x, bias],
    (input, offset) => ({ value: tf.add(input, offset) as tf.Tensor2D, saved: [] }),
    (dy) => [tf.clone(dy), tf.sum(dy, 0)],
  );
}

export function scaled<T extends tf.Tensor>(x: T, factor: number): T {
  return customGradient(
    [x],
    (input) => ({ value: tf.mul(input, factor) as T, saved: [] }),
    (dy) => [tf.mul(dy, factor)],
  );
}

export function reshaped<R extends tf.Rank>(x: tf.Tensor, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const before = x.shape;
  return customGradient(
    [x],
    (input) => ({ value: tf.reshape<R>(input, shape), saved: [] }),
    (dy) => [tf.reshape(dy, before)],
  );
}
