import * as tf from '@tensorflow/tfjs-core';

/** cap · tanh(x / cap), as Gemma 2 keeps scores and logits within ±cap (Gemma Team 2024); x itself without a cap. */
export function softCapped<T extends tf.Tensor>(x: T, cap: number | undefined): T {
  return cap === undefined ? x : tf.mul<T>(tf.tanh(tf.div(x, cap)), cap);
}

/** The slope of `softCapped` where it has these values: 1 − (y / cap)². */
export function capSlope<T extends tf.Tensor>(capped: T, cap: number): T {
  return tf.sub<T>(1, tf.square(tf.div(capped, cap)));
}
