import * as tf from '@tensorflow/tfjs-core';
import { causalAttention, type AttentionBlock } from './causal-attention.ts';
import type { ModelConfig } from './causal-lm.ts';
import type { CacheSegment, DecoderCache } from './kv-cache.ts';
import { type LayerContext, linear, rmsNorm, weight } from './layers.ts';
import { rotate, type RotaryTable } from './rotary.ts';
import { reshaped, scaled } from './unsaved.ts';

/** What the blocks of one forward pass share. */
export interface PassContext extends LayerContext {
  config: ModelConfig;
  batch: number;
  time: number;
  /** Null for learned positions. */
  rotary: RotaryTable | null;
  /** What may be seen without a cache. */
  blocks: readonly AttentionBlock[];
  /** What may be seen with one: added to the scores, broadcasts over [batch, kvHeads, group·time, seen]. Null when every key may. */
  mask: tf.Tensor | null;
  cache: DecoderCache | null;
}

/**
 * Grouped-query attention of x [batch·time, dim]. Query heads that share a key/value head are laid after one another along
 * time, so that scores and mixing are one batched product each and keys are never repeated.
 */
export function attention(pass: PassContext, layer: number, block: string, x: tf.Tensor2D): tf.Tensor2D {
  const { config, batch, time } = pass;
  const { heads, headDim } = config;
  const fresh = project(pass, block, x);
  const query = scaled(rotated(pass, headNorm(pass, block, 'queryNorm', fresh.query)), headDim ** -0.5);
  const freshKeys = rotated(pass, headNorm(pass, block, 'keyNorm', fresh.key));
  const mixed =
    pass.cache === null
      ? causalAttention(query, freshKeys, fresh.value, pass.blocks)
      : attendCached(pass, pass.cache.extend(layer, freshKeys, fresh.value), query);
  const joined = reshaped<tf.Rank.R2>(tf.transpose(mixed, [0, 2, 1, 3]), [batch * time, heads * headDim]);
  return linear(pass, block + config.architecture.names.attentionOut, joined);
}

function attendCached(
  { config, batch, time, mask }: PassContext,
  segments: CacheSegment[],
  query: tf.Tensor,
): tf.Tensor {
  const { heads, kvHeads, headDim } = config;
  const grouped = tf.reshape(query, [batch, kvHeads, (heads / kvHeads) * time, headDim]);
  return tf.reshape(attend(grouped, segments, mask), [batch, heads, time, headDim]);
}

/** Softmax attention of queries [batch, kvHeads, n, headDim] over all segments; → as the queries. */
export function attend(query: tf.Tensor, segments: readonly CacheSegment[], mask: tf.Tensor | null): tf.Tensor {
  const scores = concatenated(segments.map(({ keys }) => tf.matMul(query as tf.Tensor4D, keys, false, true)));
  const weights = tf.softmax(mask === null ? scores : tf.add(scores, mask));
  const lengths = segments.map(({ keys }) => keys.shape[2]);
  const shares = lengths.length === 1 ? [weights] : tf.split(weights, lengths, 3);
  const parts = segments.map(({ values }, i) => tf.matMul(shares[i]!, values));
  return parts.length === 1 ? parts[0]! : tf.addN(parts);
}

function concatenated(parts: tf.Tensor[]): tf.Tensor {
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 3);
}

interface Heads {
  /** [batch, heads, time, headDim] */
  query: tf.Tensor4D;
  /** [batch, kvHeads, time, headDim] */
  key: tf.Tensor4D;
  value: tf.Tensor4D;
}

function project(pass: PassContext, block: string, x: tf.Tensor2D): Heads {
  const { config, batch, time } = pass;
  const { heads, kvHeads, headDim } = config;
  const { names, attention: settings } = config.architecture;
  const byHead = (flat: tf.Tensor, count: number) =>
    tf.transpose(reshaped<tf.Rank.R4>(flat, [batch, time, count, headDim]), [0, 2, 1, 3]);
  const of = (name: string | undefined) => linear(pass, `${block}${name}`, x);
  switch (settings.projection) {
    case 'separate':
      return {
        query: byHead(of(names.query), heads),
        key: byHead(of(names.key), kvHeads),
        value: byHead(of(names.value), kvHeads),
      };
    case 'fused-thirds': {
      const [query, key, value] = tf.split(of(names.queryKeyValue), 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return { query: byHead(query, heads), key: byHead(key, heads), value: byHead(value, heads) };
    }
    case 'fused-by-head': {
      const joined = byHeadThirds(of(names.queryKeyValue), pass);
      const [query, key, value] = tf.split(joined, 3, 3) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
      return { query, key, value };
    }
  }
}

/** [batch·time, heads·3·headDim] → [batch, heads, time, 3·headDim] */
function byHeadThirds(flat: tf.Tensor2D, { batch, time, config: { heads, headDim } }: PassContext): tf.Tensor4D {
  return tf.transpose(reshaped<tf.Rank.R4>(flat, [batch, time, heads, 3 * headDim]), [0, 2, 1, 3]);
}

export function headNorm(
  pass: PassContext,
  block: string,
  which: 'queryNorm' | 'keyNorm',
  x: tf.Tensor4D,
): tf.Tensor4D {
  const name = pass.architecture.names[which];
  if (name === undefined) return x;
  return rmsNorm(x, weight(pass, `${block}${name}.weight`) as tf.Variable<tf.Rank.R1>, pass.architecture.norm.epsilon);
}

function rotated(pass: PassContext, x: tf.Tensor4D): tf.Tensor4D {
  return pass.rotary === null ? x : rotate(x, pass.rotary);
}
