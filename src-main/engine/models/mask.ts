import * as tf from '@tensorflow/tfjs-core';

/** Far enough below any score that its exponential is exactly 0, and finite, so that a row with nothing to see stays a number. */
export const hidden = -1e9;

/**
 * What `stretch` new queries may see of `seen` keys (the last `stretch` of them are their own): additive, 0 or `hidden`,
 * [group·stretch, seen]; the group's heads repeat the same rows. Null when nothing is hidden.
 */
export function causalMask(stretch: number, seen: number, group: number, window: number | null): tf.Tensor2D | null {
  if (stretch === 1 && (window === null || seen <= window)) return null;
  const mask = new Float32Array(group * stretch * seen);
  for (let query = 0; query < stretch; query++) {
    const last = seen - stretch + query;
    const first = window === null ? 0 : Math.max(0, last - window + 1);
    for (let head = 0; head < group; head++) {
      const row = (head * stretch + query) * seen;
      mask.fill(hidden, row, row + first);
      mask.fill(hidden, row + last + 1, row + seen);
    }
  }
  return tf.tensor2d(mask, [group * stretch, seen]);
}

/** Hides the padding at the start of rows: [batch, 1, 1, seen]. leftPadding int32 [batch, 1]. */
export function paddingMask(leftPadding: tf.Tensor2D, seen: number): tf.Tensor4D {
  const padded = tf.less(tf.range(0, seen, 1, 'int32'), leftPadding);
  return tf.reshape(tf.mul(tf.cast(padded, 'float32'), hidden), [leftPadding.shape[0], 1, 1, seen]);
}
