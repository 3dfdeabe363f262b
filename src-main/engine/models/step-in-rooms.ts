import * as tf from '@tensorflow/tfjs-core';
import { allHeadsNorm, headNorm } from './attention.ts';
import type { LayerAttention } from './architecture.ts';
import type { StepContext } from './step.ts';
import type { KeptRooms, StepInput } from './step-once.ts';
import { scaled } from './unsaved.ts';

/**
 * Attention as one operation a layer, which writes the new position into the cache in place. `rotationOf` names the rotation of a kind of
 * layer.
 */
export function attendInRooms(
  step: Omit<StepContext, 'attend'>,
  { rotary, ids }: StepInput,
  kept: KeptRooms,
  rotationOf: (kind: LayerAttention) => string | null,
): StepContext['attend'] {
  const { heads, kvHeads, headDim, architecture } = step.config;
  const [batch] = ids.shape;
  const widths = [heads * headDim, kvHeads * headDim, kvHeads * headDim];
  return (layer, projected) => {
    const kind = architecture.layers[layer]!;
    const rotation = rotationOf(kind);
    const [query, key, value] = tf.split(projected, widths, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const norm = (which: 'queryNorm' | 'keyNorm', x: tf.Tensor2D) => {
      const block = `${architecture.names.block}.${layer}.`;
      const byHead = tf.reshape(allHeadsNorm(step, block, which, x), [batch, -1, 1, headDim]) as tf.Tensor4D;
      return tf.reshape<tf.Rank.R2>(headNorm(step, block, which, byHead), x.shape);
    };
    const isNormed = architecture.attention.qkNorm !== 'none';
    return kept.fused.attendStep({
      ...kept.layers[layer]!,
      query: isNormed ? scaled(norm('queryNorm', query), architecture.attention.scale) : query,
      key: isNormed ? norm('keyNorm', key) : key,
      value,
      rotary: rotation === null ? null : (rotary.get(rotation) ?? null),
      padding: kept.padding,
      place: kept.place,
      window: kind.window,
    });
  };
}
