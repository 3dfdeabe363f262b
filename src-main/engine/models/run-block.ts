import * as tf from '@tensorflow/tfjs-core';
import { attention, attentionOfPlaces, type PackedPass, type PassContext } from './attention.ts';
import { blockOf } from './block.ts';
import { feedForward } from './layers.ts';

export function runBlock(pass: PassContext, layer: number, block: string, x: tf.Tensor2D): tf.Tensor2D {
  return blockOf(pass, block, x, {
    attention: (input) => attention(pass, layer, block, input),
    feedForward: (input) => feedForward(pass, block, input),
  });
}

/** One block of a packed pass whose only view is the block's. */
export function runPackedBlock(pass: PackedPass, block: string, x: tf.Tensor2D): tf.Tensor2D {
  return blockOf(pass, block, x, {
    attention: (input) => attentionOfPlaces(pass, block, input),
    feedForward: (input) => feedForward(pass, block, input),
  });
}

export function lastPositions(x: tf.Tensor2D, batch: number, time: number): tf.Tensor2D {
  if (time === 1) return x;
  const dim = x.shape[1];
  return tf.reshape(tf.slice(tf.reshape(x, [batch, time, dim]), [0, time - 1, 0], [batch, 1, dim]), [batch, dim]);
}
