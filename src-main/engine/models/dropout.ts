import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { NativeOps } from '../ports.ts';

/** A pass's seed, int32 [1], and the same as a number for backends without seeded randomness. */
export interface DropoutSeeds {
  seed: Tensor1D;
  number: number;
}

/** Linears of a block, at most; each draws with a number of its own, which is the same when a block is computed again. */
const drawsOfBlock = 64;

/** Inverted dropout for the linears of one block, in the order in which they are met. */
export function blockDropout(
  rate: number,
  seeds: DropoutSeeds,
  layer: number,
  ops: NativeOps | undefined,
): (x: Tensor2D) => Tensor2D {
  let draw = layer * drawsOfBlock;
  return (x) => {
    const own = draw++;
    if (ops?.uniform === undefined) return tf.dropout(x, rate, undefined, seeds.number + own) as Tensor2D;
    const uniform = ops.uniform(x.shape, tf.concat([seeds.seed, tf.tensor1d([own], 'int32')]) as Tensor1D);
    const kept = tf.cast(tf.greaterEqual(uniform, rate), 'float32');
    return tf.mul(x, tf.mul(kept, 1 / (1 - rate)));
  };
}
