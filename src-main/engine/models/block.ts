import type * as tf from '@tensorflow/tfjs-core';
import { type LayerContext, normWhere } from './layers.ts';
import { added, scaled } from './unsaved.ts';

/** The two halves of a block, each [n, dim] → [n, dim]. */
interface BlockHalves {
  attention: (x: tf.Tensor2D) => tf.Tensor2D;
  feedForward: (x: tf.Tensor2D) => tf.Tensor2D;
}

/**
 * One block around its two halves: the norms before and after each that the family names, and what they are added to. `prefix` comes before
 * the names of the block's modules.
 */
export function blockOf(context: LayerContext, prefix: string, x: tf.Tensor2D, halves: BlockHalves): tf.Tensor2D {
  const { names, residual, multipliers } = context.architecture;
  const plus = (base: tf.Tensor2D, part: tf.Tensor2D) =>
    added(base, multipliers.residual === 1 ? part : scaled(part, multipliers.residual));
  const attended = halves.attention(normWhere(context, prefix, names.attentionNorm, x));
  const base = plus(x, normWhere(context, prefix, names.attentionOutNorm, attended));
  const input = normWhere(context, prefix, names.feedForwardNorm, residual === 'parallel' ? x : base);
  return plus(base, normWhere(context, prefix, names.feedForwardOutNorm, halves.feedForward(input)));
}
