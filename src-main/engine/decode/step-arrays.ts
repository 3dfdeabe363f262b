import * as tf from '@tensorflow/tfjs-core';
import type { StepWeights } from '../models/step-weights.ts';

/** Positions that are written one by one before they join the long stretch, which is then copied. */
export const recentLength = 16;
/** The least room of the long stretch, where it is coarse and where it is fine. */
const leastRooms = { coarse: 128, fine: 32 };

export function affines({ queryKeyValue, attentionOut, up, down }: StepWeights['layers'][number]) {
  return [queryKeyValue, attentionOut, up, down];
}

/**
 * Positions that the long stretch has room for. Attention goes over all of it, so `fine` rooms are a quarter too large at most beyond 128;
 * others are powers of two, so that few forms occur.
 */
export function roomFor(length: number, fine: boolean): number {
  if (!fine) return Math.max(leastRooms.coarse, 2 ** Math.ceil(Math.log2(length)));
  const step = Math.max(leastRooms.fine, 2 ** (Math.floor(Math.log2(Math.max(1, length))) - 2));
  return Math.max(1, Math.ceil(length / step)) * step;
}

/** Joins all parts along the axis of time, with zeros up to `room`. */
export function padded(parts: readonly tf.Tensor4D[], room: number, axis: 2 | 3): tf.Tensor4D {
  const shape: [number, number, number, number] = [...parts[0]!.shape];
  shape[axis] = room - parts.reduce((sum, part) => sum + part.shape[axis], 0);
  return tf.concat(shape[axis] === 0 ? [...parts] : [...parts, tf.zeros<tf.Rank.R4>(shape)], axis);
}

/** Keys [rows, heads, time, width] → [rows, heads, width, time], of which products with a single query are a third faster. */
export function acrossTime(keys: tf.Tensor4D): tf.Tensor4D {
  return tf.transpose(keys, [0, 1, 3, 2]);
}

export function empty({ shape: [rows, heads, , width] }: tf.Tensor4D): tf.Tensor4D {
  return tf.zeros([rows, heads, recentLength, width]);
}
