import * as tf from '@tensorflow/tfjs-core';
import { allHeadsNorm, attend, headNorm, type PassContext } from './attention.ts';
import { blockOf } from './block.ts';
import type { ModelConfig } from './causal-lm.ts';
import { activate, gated, type LayerContext } from './layers.ts';
import type { RotaryTable } from './rotary.ts';
import { constant } from './constants.ts';
import type { Affine, StepLayer } from './step-weights.ts';

/** What the blocks of one step share: a pass of one position a row. */
export interface StepContext extends LayerContext {
  config: ModelConfig;
  /**
   * A layer's attention of what it projects, [queries, scaled unless they have norms | keys | values] [batch, (heads + 2·kvHeads)·headDim], and
   * of its cache, which the new position joins → [batch, heads·headDim]
   */
  attend: (layer: number, projected: tf.Tensor2D) => tf.Tensor2D;
}

/** What attention needs whose cache is made of stretches. */
export interface StretchContext extends PassContext {
  time: 1;
  /**
   * Per layer [headDim, headDim], or [batch, headDim, headDim] where rows stand at different positions: one operation where each costs as
   * much as its numbers do. A compiled step turns by factors. Null where nothing is rotated.
   */
  rotations: readonly (tf.Tensor | TurningFactors | null)[];
}

/** The rotation as x·own + x[partner]·others, for all heads at once: factors [batch, heads + kvHeads, headDim]. */
export interface TurningFactors {
  own: tf.Tensor3D;
  others: tf.Tensor3D;
  /** What each column is rotated with, int32 [headDim]. */
  partner: tf.Tensor1D;
}

/** Like the block of a whole pass, for one new position per row: x [batch, dim]. */
export function stepBlock(step: StepContext, layer: number, weights: StepLayer, x: tf.Tensor2D): tf.Tensor2D {
  const { names } = step.architecture;
  return blockOf(step, `${names.block}.${layer}.`, x, {
    attention: (input) => applied(weights.attentionOut, step.attend(layer, applied(weights.queryKeyValue, input))),
    feedForward: (input) => stepFeedForward(step, weights, input),
  });
}

/** Attention over the stretches of a cache. */
export function attendStretches(step: StretchContext, layer: number, projected: tf.Tensor2D): tf.Tensor2D {
  const { config, batch } = step;
  const { heads, kvHeads, headDim } = config;
  const block = `${config.architecture.names.block}.${layer}.`;
  const widths = [(heads + kvHeads) * headDim, kvHeads * headDim];
  const [turning, value] = tf.split(projected, widths, 1) as [tf.Tensor, tf.Tensor];
  const apart = tf.reshape(turning, [batch, heads + kvHeads, headDim]);
  const placed = turned(step.rotations[layer]!, headDim, normed(step, block, apart));
  const [query, key] = tf.split(placed, [heads, kvHeads], 1) as [tf.Tensor, tf.Tensor];
  const position = [batch, kvHeads, 1, headDim] as [number, number, number, number];
  const segments = step.cache!.extend(layer, tf.reshape(key, position), tf.reshape(value, position));
  const grouped = tf.reshape(query, [batch, kvHeads, heads / kvHeads, headDim]);
  const mixed = attend(grouped, segments, step.views[layer]!.mask, config.architecture.attention.softCap);
  return tf.reshape(mixed, [batch, heads * headDim]);
}

/** Queries' and keys' own norms, where the family has them: x [batch, heads + kvHeads, headDim]. */
function normed(step: StretchContext, block: string, x: tf.Tensor): tf.Tensor {
  const { config, batch } = step;
  const { heads, kvHeads, headDim } = config;
  const { qkNorm, scale } = config.architecture.attention;
  if (qkNorm === 'none') return x;
  const [query, key] = tf.split(x, [heads, kvHeads], 1) as [tf.Tensor, tf.Tensor];
  const ownNorm = (which: 'queryNorm' | 'keyNorm', part: tf.Tensor, count: number) =>
    qkNorm === 'per-head'
      ? headNorm(step, block, which, tf.reshape(part, [batch, count, 1, headDim]))
      : allHeadsNorm(step, block, which, tf.reshape(part, [batch, count * headDim]));
  const parts = [tf.mul(ownNorm('queryNorm', query, heads), scale), ownNorm('keyNorm', key, kvHeads)];
  return tf.concat(
    parts.map((part, i) => tf.reshape(part, [batch, i === 0 ? heads : kvHeads, headDim])),
    1,
  );
}

function turned(rotation: tf.Tensor | TurningFactors | null, headDim: number, x: tf.Tensor): tf.Tensor {
  if (rotation === null) return x;
  if (!(rotation instanceof tf.Tensor)) {
    const { own, others, partner } = rotation;
    return tf.add(tf.mul(x, own), tf.mul(tf.gather(x, partner, 2), others));
  }
  if (rotation.rank === 3) return tf.matMul(x as tf.Tensor3D, rotation as tf.Tensor3D);
  return tf.reshape(tf.matMul(tf.reshape(x, [-1, headDim]), rotation as tf.Tensor2D), x.shape);
}

function stepFeedForward(step: StepContext, weights: StepLayer, x: tf.Tensor2D): tf.Tensor2D {
  const { feedForward: settings } = step.architecture;
  const up = applied(weights.up, x);
  if (settings.kind === 'plain') return applied(weights.down, activate(settings.activation, up));
  const [gate, passed] = tf.split(up, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  return applied(weights.down, gated(step, settings.activation, gate, passed));
}

function applied({ matrix, bias }: Affine, x: tf.Tensor): tf.Tensor2D {
  const product: tf.Tensor2D = tf.matMul(x as tf.Tensor2D, matrix);
  return bias === undefined ? product : (tf.add(product, bias) as tf.Tensor2D);
}

/**
 * The rotation as a matrix R, so that x·R is the rotated x: one product instead of eight operations per layer. The table's first axes have
 * one entry per row; columns beyond the rotated ones are the identity.
 */
export function rotationMatrix({ cos, sin }: RotaryTable, headDim: number): tf.Tensor {
  return tf.tidy(() => {
    const half = cos.shape.at(-1)!;
    const rows = cos.size / half;
    const row = (table: tf.Tensor, rest: number) => {
      const flat = tf.reshape(table, [rows, 1, half]);
      return tf.concat([flat, flat, tf.fill([rows, 1, headDim - 2 * half], rest)], 2);
    };
    const matrix = tf.add(tf.mul(tf.eye(headDim), row(cos, 1)), tf.mul(quarterTurn(headDim, half), row(sin, 0)));
    return rows === 1 ? tf.reshape(matrix, [headDim, headDim]) : matrix;
  });
}

/** The rotation of a compiled step's layers that share a table, with one entry per row. */
export function turningFactors({ cos, sin }: RotaryTable, heads: number, headDim: number): TurningFactors {
  const [rows, half] = [cos.shape[0]!, cos.shape.at(-1)!];
  const rest = headDim - 2 * half;
  // Full sizes: products that broadcast are the slower ones, and these are made once for all layers.
  const wide = (first: tf.Tensor, second: tf.Tensor, beyond: number) => {
    const parts = [first, second, ...(rest === 0 ? [] : [constant(tf.fill([rows, rest], beyond))])] as tf.Tensor2D[];
    return tf.tile(tf.reshape(tf.concat(parts, 1), [rows, 1, headDim]), [1, heads, 1]) as tf.Tensor3D;
  };
  const [flatCos, flatSin] = [tf.reshape(cos, [rows, half]), tf.reshape(sin, [rows, half])];
  const partner = Int32Array.from({ length: headDim }, (_, i) => (i < half ? i + half : i < 2 * half ? i - half : i));
  return {
    own: wide(flatCos, flatCos, 1),
    others: wide(tf.neg(flatSin), flatSin, 0),
    partner: constant(tf.tensor1d(partner, 'int32')),
  };
}

/** [headDim, headDim]: sends the first half of the rotated columns to the second, and the second, negated, to the first. */
function quarterTurn(headDim: number, half: number): tf.Tensor2D {
  const entries = new Float32Array(headDim * headDim);
  for (let i = 0; i < half; i++) {
    entries[i * headDim + half + i] = 1;
    entries[(half + i) * headDim + i] = -1;
  }
  return tf.tensor2d(entries, [headDim, headDim]);
}
