import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { attendBlocks, attendGradients, type AttentionBlock } from './causal-attention.ts';
import { customGradient } from './custom-gradient.ts';
import { gatheredBack, type PackedBatch, type RowGroup, spreadOut } from './packed-batch.ts';

/** Head counts of an attention. */
export interface HeadCounts {
  heads: number;
  kvHeads: number;
  headDim: number;
}

/**
 * Causal attention of packed places: query [places, heads·headDim] (scaled), key and value [places, kvHeads·headDim] → as the query. Rows
 * are laid out for the products alone, here and again on the backward pass, so that nothing of a row's padding is kept.
 */
export function packedAttention(
  query: Tensor2D,
  key: Tensor2D,
  value: Tensor2D,
  batch: PackedBatch,
  blocks: readonly (readonly AttentionBlock[])[],
  counts: HeadCounts,
): Tensor2D {
  const { groups } = batch.form;
  return customGradient(
    [query, key, value],
    (q, k, v) => {
      const rows = inGroups([q, k, v], batch, counts);
      const passes = rows.map(([rowQ, rowK, rowV], g) => attendBlocks(rowQ!, rowK!, rowV!, blocks[g]!));
      const slots = joined(passes.map(({ output }, g) => inSlots(output, groups[g]!)));
      const output = tf.gather(slots, batch.own) as Tensor2D;
      return { value: output, saved: [q, k, v, output, ...passes.flatMap(({ shares }) => shares)] };
    },
    (dy, saved) => {
      const [q, k, v, output, ...shares] = saved as [Tensor2D, Tensor2D, Tensor2D, Tensor2D, ...Tensor4D[]];
      const along = alongOutput(dy, output, counts);
      // Slots that no place reads have no gradient: they show that of the place without a token, which is 0.
      const shown = { ...batch, spread: batch.returned };
      const rows = inGroups([q, k, v], batch, counts);
      const byRows = inGroups([dy], shown, counts);
      const alongRows = inGroups([along], shown, { ...counts, headDim: 1 });
      let next = 0;
      const parts = groups.map((_, g) => {
        const [rowQ, rowK, rowV] = rows[g]!;
        const own = shares.slice(next, (next += blocks[g]!.length));
        return attendGradients([rowQ!, rowK!, rowV!], byRows[g]![0]!, alongRows[g]![0]!, own, blocks[g]!);
      });
      const back = (which: 0 | 1 | 2) => joined(parts.map((part, g) => inSlots(part[which], groups[g]!)));
      // The attention of copies is not read back, so their queries have no gradient.
      return [tf.gather(back(0), batch.own), gatheredBack(back(1), batch), gatheredBack(back(2), batch)];
    },
  );
}

/** Σ dO∘O of every head: [places, heads]. */
function alongOutput(dy: Tensor2D, output: Tensor2D, { heads, headDim }: HeadCounts): Tensor2D {
  return tf.sum(tf.reshape(tf.mul(dy, output), [-1, heads, headDim]), 2);
}

/** Each x [places, count·headDim] as [rows, count, time, headDim] of every group. */
function inGroups(
  parts: readonly Tensor2D[],
  batch: PackedBatch,
  { headDim }: Pick<HeadCounts, 'headDim'>,
): Tensor4D[][] {
  const { groups } = batch.form;
  const spread = parts.map((part) => {
    const slots = spreadOut(part, batch);
    return groups.length === 1
      ? [slots]
      : tf.split(
          slots,
          groups.map(({ rows, time }) => rows * time),
          0,
        );
  });
  return groups.map(({ rows, time }, g) =>
    spread.map((byGroup) => {
      const own = byGroup[g]!;
      return tf.transpose(tf.reshape(own, [rows, time, own.shape[1]! / headDim, headDim]), [0, 2, 1, 3]) as Tensor4D;
    }),
  );
}

/** [rows, count, time, headDim] → [rows·time, count·headDim] */
function inSlots(x: Tensor4D, { rows, time }: RowGroup): Tensor2D {
  return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [rows * time, x.shape[1] * x.shape[3]]);
}

function joined(parts: readonly Tensor2D[]): Tensor2D {
  return parts.length === 1 ? parts[0]! : tf.concat([...parts], 0);
}
