import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.ts';
import { constant } from './constants.ts';
import { causalMask } from './mask.ts';
import { capSlope, softCapped } from './soft-cap.ts';

/** Queries of one stretch of positions, with all the keys that any of them may see. */
export interface AttentionBlock {
  start: number;
  end: number;
  /** The first rows of the batch reach into this stretch; the others are padding there. */
  rows: number;
  /** Of scores [rows, kvHeads, group·(end − start), end]; null when nothing is hidden. */
  mask: tf.Tensor2D | null;
  /** Scores stay within ± this. */
  softCap?: number | undefined;
}

/**
 * Half of all scores are hidden by causality, and padding hides more: blocks avoid most of these, in time and in memory. Shorter blocks
 * avoid more and cost more operations; eight avoid 7/16 of the scores.
 */
const blockLength = 80;
const mostBlocks = 8;

/** Cuts a batch of right-padded rows into blocks. The masks belong to the caller's tidy. */
export function attentionBlocks(
  time: number,
  lengths: readonly number[],
  group: number,
  window: number | null,
  softCap?: number,
): AttentionBlock[] {
  const count = Math.max(1, Math.min(mostBlocks, Math.round(time / blockLength)));
  const blocks: AttentionBlock[] = [];
  for (let i = 0; i < count; i++) {
    const [start, end] = [Math.round((i * time) / count), Math.round(((i + 1) * time) / count)];
    const rows = lengths.findLastIndex((length) => length > start) + 1;
    if (rows > 0) blocks.push({ start, end, rows, mask: hidden(end - start, end, group, window), softCap });
  }
  return blocks;
}

/**
 * Softmax attention of query [batch, heads, time, headDim] (scaled) over key and value [batch, kvHeads, time, headDim]; → as the
 * query, 0 where a block was left out. With P the weights, O the output and D = Σ dO∘O over headDim: dV = Pᵀ·dO,
 * dS = P∘(dO·Vᵀ − D), dQ = dS·K, dK = dSᵀ·Q (Dao et al. 2022).
 */
export function causalAttention(
  query: tf.Tensor4D,
  key: tf.Tensor4D,
  value: tf.Tensor4D,
  blocks: readonly AttentionBlock[],
): tf.Tensor4D {
  return customGradient(
    [query, key, value],
    (q, k, v) => {
      const { output, shares } = attendBlocks(q, k, v, blocks);
      return { value: output, saved: [q, k, v, output, ...shares] };
    },
    (dy, saved) => {
      const [q, k, v, output, ...shares] = saved as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D, ...tf.Tensor4D[]];
      const along = tf.sum(tf.mul(dy, output!), 3, true) as tf.Tensor4D;
      return attendGradients([q, k, v], dy, along, shares, blocks);
    },
  );
}

/** The forward half of `causalAttention`, with the weights of every block, which its gradient needs. */
export function attendBlocks(
  q: tf.Tensor4D,
  k: tf.Tensor4D,
  v: tf.Tensor4D,
  blocks: readonly AttentionBlock[],
): { output: tf.Tensor4D; shares: tf.Tensor4D[] } {
  const shares: tf.Tensor4D[] = [];
  const outputs = blocks.map((block) => {
    const scores = scoresOf(q, k, block);
    const own = tf.softmax(block.mask === null ? scores : tf.add(scores, block.mask)) as tf.Tensor4D;
    shares.push(own);
    return tf.matMul(own, keysOf(v, block)) as tf.Tensor4D;
  });
  return { output: whole(outputs, q.shape, blocks), shares };
}

/** The backward half. `along`: Σ dO∘O over headDim [batch, heads, time, 1]. → by query, key and value. */
export function attendGradients(
  [q, k, v]: readonly [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D],
  dy: tf.Tensor4D,
  along: tf.Tensor4D,
  shares: readonly tf.Tensor4D[],
  blocks: readonly AttentionBlock[],
): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  const parts = blocks.map((block, i) => {
    const byOutput = queriesOf(dy, k, block);
    const byShares = tf.matMul(byOutput, keysOf(v, block), false, true);
    const byCapped = tf.mul(shares[i]!, tf.sub(byShares, queriesOf(along, k, block))) as tf.Tensor4D;
    const { softCap } = block;
    const byScores = softCap === undefined ? byCapped : tf.mul(byCapped, capSlope(scoresOf(q, k, block), softCap));
    return {
      query: tf.matMul(byScores, keysOf(k, block)) as tf.Tensor4D,
      key: tf.matMul(byScores, queriesOf(q, k, block), true) as tf.Tensor4D,
      value: tf.matMul(shares[i]!, byOutput, true) as tf.Tensor4D,
    };
  });
  const of = <Which extends 'query' | 'key' | 'value'>(which: Which) => parts.map((part) => part[which]);
  return [whole(of('query'), q.shape, blocks), total(of('key'), k.shape), total(of('value'), v.shape)];
}

/** Before the mask. */
function scoresOf(q: tf.Tensor4D, k: tf.Tensor4D, block: AttentionBlock): tf.Tensor4D {
  return softCapped(tf.matMul<tf.Tensor4D>(queriesOf(q, k, block), keysOf(k, block), false, true), block.softCap);
}

/** The mask of a block, which depends on its sizes alone. */
function hidden(stretch: number, seen: number, group: number, window: number | null): tf.Tensor2D | null {
  const mask = causalMask(stretch, seen, group, window);
  return mask === null ? null : constant(mask);
}

/** The block's part of x [batch, heads, time, headDim] → [rows, kvHeads, group·length, headDim]. */
function queriesOf(x: tf.Tensor4D, keys: tf.Tensor4D, { start, end, rows }: AttentionBlock): tf.Tensor4D {
  const [, heads, , headDim] = x.shape;
  const kvHeads = keys.shape[1];
  const part = tf.slice(x, [0, 0, start, 0], [rows, heads, end - start, headDim]);
  return tf.reshape(part, [rows, kvHeads, (heads / kvHeads) * (end - start), headDim]);
}

/** What the block may see of keys or values → [rows, kvHeads, end, headDim]. */
function keysOf(x: tf.Tensor4D, { end, rows }: AttentionBlock): tf.Tensor4D {
  return tf.slice(x, [0, 0, 0, 0], [rows, x.shape[1], end, x.shape[3]]);
}

/** Blocks' parts put together along time, rows that were left out filled with 0. */
function whole(
  parts: readonly tf.Tensor4D[],
  shape: tf.Tensor4D['shape'],
  blocks: readonly AttentionBlock[],
): tf.Tensor4D {
  const [batch, heads, time, headDim] = shape;
  const stretches = parts.map((part, i) => {
    const { start, end, rows } = blocks[i]!;
    const own = tf.reshape(part, [rows, heads, end - start, headDim]) as tf.Tensor4D;
    return padded(own, [batch, heads, end - start, headDim]);
  });
  const reached = blocks.at(-1)?.end ?? 0;
  if (reached < time) stretches.push(tf.zeros([batch, heads, time - reached, headDim]));
  return stretches.length === 1 ? stretches[0]! : tf.concat(stretches, 2);
}

/** Sum of parts that each cover the first rows and the first positions. */
function total(parts: readonly tf.Tensor4D[], shape: tf.Tensor4D['shape']): tf.Tensor4D {
  return tf.addN(parts.map((part) => padded(part, shape)));
}

function padded(x: tf.Tensor4D, shape: tf.Tensor4D['shape']): tf.Tensor4D {
  const missing = shape.map((size, axis) => [0, size - x.shape[axis]!] as [number, number]);
  if (missing.every(([, after]) => after === 0)) return x;
  return tf.pad(x, missing) as tf.Tensor4D;
}
