import * as tf from '@tensorflow/tfjs-core';
import type { KeyValueCache } from './causal-lm.ts';

/** Keys (already rotated) and values of every layer, each [batch, kvHeads, length, headDim]. */
export class DecoderCache implements KeyValueCache {
  readonly maxTime: number;
  /** int32 [batch, 1]: padding at each row's start; null when no row has any. */
  leftPadding: tf.Tensor2D | null;
  #length = 0;
  readonly #layers: { keys: tf.Tensor4D | null; values: tf.Tensor4D | null }[];

  constructor(layers: number, maxTime: number, leftPadding: readonly number[] | null) {
    this.maxTime = maxTime;
    this.#layers = Array.from({ length: layers }, () => ({ keys: null, values: null }));
    const padded = leftPadding?.some((count) => count > 0) === true;
    this.leftPadding = padded ? tf.keep(tf.tensor2d([...leftPadding], [leftPadding.length, 1], 'int32')) : null;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends one stretch of keys and values to a layer and answers everything seen so far. */
  extend(layer: number, keys: tf.Tensor4D, values: tf.Tensor4D): { keys: tf.Tensor4D; values: tf.Tensor4D } {
    const held = this.#layers[layer]!;
    const joined = {
      keys: tf.keep(held.keys === null ? tf.clone(keys) : tf.concat([held.keys, keys], 2)),
      values: tf.keep(held.values === null ? tf.clone(values) : tf.concat([held.values, values], 2)),
    };
    held.keys?.dispose();
    held.values?.dispose();
    this.#layers[layer] = joined;
    return joined;
  }

  /** After every layer has been extended by `stretch` positions. */
  advance(stretch: number): void {
    this.#length += stretch;
  }

  select(rows: tf.Tensor1D): void {
    const pick = <T extends tf.Tensor>(tensor: T | null): T | null => {
      if (tensor === null) return null;
      const picked = tf.keep(tf.gather(tensor, rows));
      tensor.dispose();
      return picked;
    };
    for (const layer of this.#layers) {
      layer.keys = pick(layer.keys);
      layer.values = pick(layer.values);
    }
    this.leftPadding = pick(this.leftPadding);
  }

  dispose(): void {
    for (const layer of this.#layers) {
      layer.keys?.dispose();
      layer.values?.dispose();
      layer.keys = layer.values = null;
    }
    this.leftPadding?.dispose();
    this.leftPadding = null;
  }
}
