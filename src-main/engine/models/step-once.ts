import * as tf from '@tensorflow/tfjs-core';
import type { LayerView } from './attention.ts';
import type { LayerAttention } from './architecture.ts';
import type { CacheSegment } from './kv-cache.ts';
import type { StepWeights } from './step-weights.ts';

/** All that a step for one position per row depends on, besides the model's own variables. */
export interface StepInput {
  /** Token ids and positions within their rows, int32 [rows]. */
  ids: tf.Tensor1D;
  positions: tf.Tensor1D;
  weights: StepWeights;
  /**
   * Per layer a long stretch and a short one that this step writes into, each [rows, kvHeads, its length, headDim], 0 where nothing is yet;
   * keys of the long one [rows, kvHeads, headDim, its length].
   */
  segments: readonly { settled: CacheSegment; recent: CacheSegment }[];
  /** Where keys and values of this position are written in a short stretch: row, head and place of each, int32 [rows·kvHeads, 3]. */
  places: tf.Tensor2D;
  /** What its queries may see of both stretches, by a layer's window; additive, [rows, length of both]. */
  masks: ReadonlyMap<number | null, tf.Tensor2D>;
  /** Cosines and sines of the rows' positions by rotation, [rows, dim/2] each. */
  rotary: ReadonlyMap<string, { cos: tf.Tensor2D; sin: tf.Tensor2D }>;
}

export interface StepOutput {
  /** [rows, vocab] */
  logits: tf.Tensor2D;
  /** The short stretches with this position, layer by layer. */
  recent: CacheSegment[];
}

/** What a layer sees of both stretches. */
export function stepView(
  { ids, masks, rotary }: StepInput,
  { window }: LayerAttention,
  rotation: string | null,
): LayerView {
  const [rows] = ids.shape;
  const table = rotation === null ? undefined : rotary.get(rotation);
  const mask = masks.get(window);
  if (mask === undefined) throw new Error('a layer’s window has no mask');
  const apart = (x: tf.Tensor2D) => tf.reshape(x, [rows, 1, 1, x.shape[1]]);
  return {
    rotary: table === undefined ? null : { cos: apart(table.cos), sin: apart(table.sin) },
    blocks: [],
    mask: apart(mask),
  };
}

/** A cache of stretches of fixed length, in place of one that grows. */
export class FixedCache {
  readonly recent: CacheSegment[] = [];
  readonly #input: StepInput;

  constructor(input: StepInput) {
    this.#input = input;
  }

  /** Like `DecoderCache.extend`, for one position. */
  extend(layer: number, keys: tf.Tensor4D, values: tf.Tensor4D): CacheSegment[] {
    const { settled, recent } = this.#input.segments[layer]!;
    const { places } = this.#input;
    const write = (stretch: tf.Tensor4D, made: tf.Tensor4D) =>
      tf.tensorScatterUpdate(stretch, places, tf.reshape(made, [-1, made.shape[3]])) as tf.Tensor4D;
    const written = { keys: write(recent.keys, keys), values: write(recent.values, values) };
    this.recent[layer] = written;
    return [{ ...settled, areKeysAcross: true }, written];
  }
}
