import * as tf from '@tensorflow/tfjs-core';
import { fusesAttention } from './architecture.ts';
import { causalAttention, type AttentionBlock } from './causal-attention.ts';
import type { ModelConfig } from './causal-lm.ts';
import { customGradient } from './custom-gradient.ts';
import type { CacheSegment } from './kv-cache.ts';
import { type LayerContext, linear, normGain, rmsNorm } from './layers.ts';
import { packedAttention } from './packed-attention.ts';
import type { PackedBatch } from './packed-batch.ts';
import { rotate, type RotaryTable } from './rotary.ts';
import { softCapped } from './soft-cap.ts';
import { reshaped, scaled } from './unsaved.ts';
import type { FusedOps, PlacesAttention } from '../ports.ts';

/** What the blocks of one forward pass share. */
export interface PassContext extends LayerContext {
  config: ModelConfig;
  batch: number;
  time: number;
  /** One per layer. */
  views: readonly LayerView[];
  cache: LayerCache | null;
}

/** What attention needs from a cache. */
interface LayerCache {
  /** Appends keys and values [batch, kvHeads, stretch, headDim] to a layer; → all that it has, in order. */
  extend(layer: number, keys: tf.Tensor4D, values: tf.Tensor4D): CacheSegment[];
}

/** What a pass derives from a layer's window and rotation; layers that are alike share it. */
export interface LayerView {
  /** Null where nothing is rotated. */
  rotary: RotaryTable | null;
  /** What may be seen without a cache. */
  blocks: readonly AttentionBlock[];
  /** What may be seen with one: added to the scores, broadcasts over [batch, kvHeads, group·time, seen]. Null when every key may. */
  mask: tf.Tensor | null;
}

/**
 * Grouped-query attention of x [batch·time, dim]. Query heads that share a key/value head are laid out one after another along time, so
 * that scores and mixing are one batched product each and keys are never repeated.
 */
export function attention(pass: PassContext, layer: number, block: string, x: tf.Tensor2D): tf.Tensor2D {
  const { config, batch, time } = pass;
  const { heads, headDim, architecture } = config;
  const { rotary, blocks, mask } = pass.views[layer]!;
  const fresh = project(pass, block, x);
  const query = scaled(rotated(rotary, headNorm(pass, block, 'queryNorm', fresh.query)), architecture.attention.scale);
  const freshKeys = rotated(rotary, headNorm(pass, block, 'keyNorm', fresh.key));
  const mixed =
    pass.cache === null
      ? causalAttention(query, freshKeys, fresh.value, blocks)
      : attendCached(pass, pass.cache.extend(layer, freshKeys, fresh.value), query, mask);
  const joined = reshaped<tf.Rank.R2>(tf.transpose(mixed, [0, 2, 1, 3]), [batch * time, heads * headDim]);
  return linear(pass, block + config.architecture.names.attentionOut, joined);
}

/** What the blocks of a pass over packed places share. */
export interface PackedPass extends LayerContext {
  config: ModelConfig;
  batch: PackedBatch;
  /** One per layer; within a block, only that block's. */
  views: readonly PackedView[];
}

/** What a packed pass derives from a layer's window and rotation. */
export interface PackedView {
  /** For every place, [1, places, 1, dim/2]; null if nothing is rotated. */
  rotary: RotaryTable | null;
  /** Keys that a query sees, its own included; null: all before it. */
  window: number | null;
  /** For every group of rows; none where attention is one operation. */
  blocks: readonly (readonly AttentionBlock[])[];
}

/** The tensors of a view, in an order that `viewWith` knows. */
export function tensorsOfView({ rotary, blocks }: PackedView): tf.Tensor[] {
  const masks = blocks.flat().flatMap(({ mask }) => mask ?? []);
  return rotary === null ? masks : [rotary.cos, rotary.sin, ...masks];
}

/** The view with these tensors in the place of its own. */
export function viewWith({ rotary, window, blocks }: PackedView, tensors: readonly tf.Tensor[]): PackedView {
  let next = 0;
  const take = <T extends tf.Tensor>(): T => tensors[next++] as T;
  return {
    rotary: rotary === null ? null : { cos: take(), sin: take() },
    window,
    blocks: blocks.map((group) =>
      group.map((block) => (block.mask === null ? block : { ...block, mask: take<tf.Tensor2D>() })),
    ),
  };
}

/** Like `attention`, for packed places x [places, dim]: norms and rotation act on places, and only the products see rows. */
export function attentionOfPlaces(pass: PackedPass, block: string, x: tf.Tensor2D): tf.Tensor2D {
  const { config, batch, fused } = pass;
  const { heads, kvHeads, headDim, architecture } = config;
  const { rotary, blocks } = pass.views[0]!;
  const { places } = batch.form;
  const apart = (flat: tf.Tensor2D, count: number) => reshaped<tf.Rank.R4>(flat, [1, places, count, headDim]);
  const together = (parts: tf.Tensor4D, count: number) => reshaped<tf.Rank.R2>(parts, [places, count * headDim]);
  const { query, key, value } = projectPlaces(pass, block, x);
  if (fused !== null && fusesAttention(architecture)) {
    const normed = (which: QueryOrKeyNorm, flat: tf.Tensor2D, count: number) =>
      architecture.attention.qkNorm === 'per-head'
        ? together(headNorm(pass, block, which, apart(flat, count)), count)
        : flat;
    const [queries, keys] = [normed('queryNorm', query, heads), normed('keyNorm', key, kvHeads)];
    return linear(pass, block + architecture.names.attentionOut, fusedAttention(pass, fused, queries, keys, value));
  }
  const placed = (which: QueryOrKeyNorm, flat: tf.Tensor2D, count: number) =>
    together(rotated(rotary, headNorm(pass, block, which, apart(flat, count))), count);
  const queries = scaled(placed('queryNorm', query, heads), architecture.attention.scale);
  const mixed = packedAttention(queries, placed('keyNorm', key, kvHeads), value, batch, blocks, config);
  return linear(pass, block + architecture.names.attentionOut, mixed);
}

/** Rotation, scores, softmax and mixing as one operation. The weights of attention are computed again on the backward pass. */
function fusedAttention(
  { config, batch, views }: PackedPass,
  fused: FusedOps,
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  value: tf.Tensor2D,
): tf.Tensor2D {
  const { headDim, architecture } = config;
  const { rotary, window } = views[0]!;
  const { spread, returned, form } = batch;
  const scale = architecture.attention.scale;
  const sizes = { groups: form.groups, headDim, window, scale };
  const of = ([q, k, v, cos, sin]: tf.Tensor[]): PlacesAttention => {
    const rotations = cos === undefined || sin === undefined ? null : { cos, sin };
    const own = { query: q as tf.Tensor2D, key: k as tf.Tensor2D, value: v as tf.Tensor2D };
    return { ...own, spread, returned, rotary: rotations, ...sizes };
  };
  const turns = rotary === null ? [] : [rotary.cos, rotary.sin];
  return customGradient(
    [query, key, value],
    (...own) => ({ value: fused.attention(of([...own, ...turns])), saved: [...own, ...turns] }),
    (dy, saved) => fused.attentionGradient(of(saved), dy),
  );
}

/** Queries [places, heads·headDim], keys and values [places, kvHeads·headDim]. */
function projectPlaces(
  pass: PackedPass,
  block: string,
  x: tf.Tensor2D,
): Record<'query' | 'key' | 'value', tf.Tensor2D> {
  const { heads, kvHeads, headDim, architecture } = pass.config;
  const { names, attention: settings } = architecture;
  const of = (name: string | undefined) => linear(pass, `${block}${name}`, x);
  const widths = [heads, kvHeads, kvHeads].map((count) => count * headDim);
  const inThree = ([query, key, value]: tf.Tensor2D[]) => ({
    query: allHeadsNorm(pass, block, 'queryNorm', query!),
    key: allHeadsNorm(pass, block, 'keyNorm', key!),
    value: value!,
  });
  switch (settings.projection) {
    case 'separate':
      return inThree([of(names.query), of(names.key), of(names.value)]);
    case 'fused':
      return inThree(tf.split(of(names.queryKeyValue), widths, 1) as tf.Tensor2D[]);
    case 'fused-by-head': {
      const byHead = reshaped<tf.Rank.R4>(of(names.queryKeyValue), [1, pass.batch.form.places, heads, 3 * headDim]);
      const parts = tf.split(byHead, 3, 3).map((part) => tf.reshape(part, [-1, heads * headDim]) as tf.Tensor2D);
      return { query: parts[0]!, key: parts[1]!, value: parts[2]! };
    }
  }
}

function attendCached(
  { config, batch, time }: PassContext,
  segments: CacheSegment[],
  query: tf.Tensor,
  mask: tf.Tensor | null,
): tf.Tensor {
  const { heads, kvHeads, headDim, architecture } = config;
  const grouped = tf.reshape(query, [batch, kvHeads, (heads / kvHeads) * time, headDim]);
  const mixed = attend(grouped, segments, mask, architecture.attention.softCap);
  return tf.reshape(mixed, [batch, heads, time, headDim]);
}

/** Softmax attention of queries [batch, kvHeads, n, headDim] over all segments; → as the queries. */
export function attend(
  query: tf.Tensor,
  segments: readonly CacheSegment[],
  mask: tf.Tensor | null,
  softCap?: number,
): tf.Tensor {
  const products = concatenated(
    segments.map(({ keys, areKeysAcross = false }) => tf.matMul(query as tf.Tensor4D, keys, false, !areKeysAcross)),
  );
  const scores = softCapped(products, softCap);
  const weights = tf.softmax(mask === null ? scores : tf.add(scores, mask));
  const lengths = segments.map(({ values }) => values.shape[2]);
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
  const of = (name: string | undefined) => linear(pass, `${block}${name}`, x);
  const byHead = (flat: tf.Tensor, count: number) =>
    tf.transpose(reshaped<tf.Rank.R4>(flat, [batch, time, count, headDim]), [0, 2, 1, 3]);
  const inThree = (query: tf.Tensor2D, key: tf.Tensor2D, value: tf.Tensor): Heads => ({
    query: byHead(allHeadsNorm(pass, block, 'queryNorm', query), heads),
    key: byHead(allHeadsNorm(pass, block, 'keyNorm', key), kvHeads),
    value: byHead(value, kvHeads),
  });
  switch (settings.projection) {
    case 'separate':
      return inThree(of(names.query), of(names.key), of(names.value));
    case 'fused': {
      const widths = [heads, kvHeads, kvHeads].map((count) => count * headDim);
      return inThree(...(tf.split(of(names.queryKeyValue), widths, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D]));
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

type QueryOrKeyNorm = 'queryNorm' | 'keyNorm';

/** The norm of each head's queries or keys [batch, heads, time, headDim], where the family has it. */
export function headNorm(pass: LayerContext, block: string, which: QueryOrKeyNorm, x: tf.Tensor4D): tf.Tensor4D {
  return pass.architecture.attention.qkNorm === 'per-head' ? ownNorm(pass, block, which, x) : x;
}

/** The norm of all heads' queries or keys as one vector [n, heads·headDim], where the family has it. */
export function allHeadsNorm(pass: LayerContext, block: string, which: QueryOrKeyNorm, x: tf.Tensor2D): tf.Tensor2D {
  return pass.architecture.attention.qkNorm === 'all-heads' ? ownNorm(pass, block, which, x) : x;
}

function ownNorm<T extends tf.Tensor>(pass: LayerContext, block: string, which: QueryOrKeyNorm, x: T): T {
  const { names, norm } = pass.architecture;
  return rmsNorm(pass, x, normGain(pass, `${block}${names[which]}`), norm.epsilon);
}

function rotated(rotary: RotaryTable | null, x: tf.Tensor4D): tf.Tensor4D {
  return rotary === null ? x : rotate(x, rotary);
}
