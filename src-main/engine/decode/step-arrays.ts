import * as tf from '@tensorflow/tfjs-core';
import type { StepWeights } from '../models/step-weights.ts';

/** Positions that are written one by one before they join the long stretch, which is then copied. */
export const recentLength = 16;
/** The long stretch has room for this many positions, or for a larger power of two. */
const leastRoom = 128;

export function affines({ queryKeyValue, attentionOut, up, down }: StepWeights['layers'][number]) {
  return [queryKeyValue, attentionOut, up, down];
}

/** Positions that the long stretch has room for: powers of two, so that few forms occur. */
export function roomFor(length: number): number {
  return Math.max(leastRoom, 2 ** Math.ceil(Math.log2(length)));
}

/** Concatenates all parts along time, with zeros up to `room`. */
export function padded(parts: readonly tf.Tensor4D[], room: number): tf.Tensor4D {
  const [rows, heads, , width] = parts[0]!.shape;
  const rest = room - parts.reduce((sum, { shape }) => sum + shape[2], 0);
  return tf.concat(rest === 0 ? [...parts] : [...parts, tf.zeros<tf.Rank.R4>([rows, heads, rest, width])], 2);
}

export function empty({ shape: [rows, heads, , width] }: tf.Tensor4D): tf.Tensor4D {
  return tf.zeros([rows, heads, recentLength, width]);
}
