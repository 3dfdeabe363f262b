import * as tf from '@tensorflow/tfjs-core';
import type { KeyValueCache } from './causal-lm.ts';
import type { StepWeights } from './step-weights.ts';

/** A stretch of positions of one layer: keys (already rotated) and values, each [batch, kvHeads, length, headDim]. */
export interface CacheSegment {
  keys: tf.Tensor4D;
  values: tf.Tensor4D;
  /** Keys are [batch, kvHeads, headDim, length]. */
  areKeysAcross?: boolean;
}

interface LayerCache {
  settled: CacheSegment | null;
  recent: CacheSegment | null;
}

/** Recent positions join the settled ones when there are this many. */
const recentLength = 32;

/**
 * Tensors cannot be written into, so every new position copies what it is appended to. Each layer is therefore kept in two segments: a long
 * one, copied once every `recentLength` positions, and a short one, copied each time.
 */
export class DecoderCache implements KeyValueCache {
  readonly maxTime: number;
  /** int32 [batch, 1]: padding at each row's start; null when no row has any. */
  leftPadding: tf.Tensor2D | null;
  #length = 0;
  readonly #layers: LayerCache[];
  #weights: StepWeights | null = null;

  /** Padding at each row's start and the tokens fed so far, kept if a pass has to know how long each row is. */
  #paddings: readonly number[] | null;
  #fed: tf.Tensor2D | null = null;

  constructor(layers: number, maxTime: number, leftPadding: readonly number[], tracksRows: boolean) {
    this.maxTime = maxTime;
    this.#layers = Array.from({ length: layers }, () => ({ settled: null, recent: null }));
    const padded = leftPadding.some((count) => count > 0);
    this.leftPadding = padded ? tf.keep(tf.tensor2d([...leftPadding], [leftPadding.length, 1], 'int32')) : null;
    this.#paddings = tracksRows ? leftPadding : null;
  }

  /** Real tokens in each row after `more` positions; just the length of the cache if row lengths are not needed. */
  rowLengths(more: number): number[] {
    const length = this.#length + more;
    return this.#paddings?.map((padding) => Math.max(0, length - padding)) ?? [length];
  }

  /** Positions of `stretch` new tokens, int32 [batch or 1, stretch]; padding counts as position 0. */
  positions(stretch: number): tf.Tensor2D {
    const range = tf.expandDims(tf.range(this.#length, this.#length + stretch, 1, 'int32'), 0) as tf.Tensor2D;
    return this.leftPadding === null ? range : (tf.relu(tf.sub(range, this.leftPadding)) as tf.Tensor2D);
  }

  /** Records the tokens that are fed next, ids [batch, stretch], if the cache may have to start over; → those tokens. */
  remember(ids: tf.Tensor2D): tf.Tensor2D {
    if (this.#paddings === null) return ids;
    const before = this.#fed;
    this.#fed = tf.keep(before === null ? tf.clone(ids) : (tf.concat([before, ids], 1) as tf.Tensor2D));
    before?.dispose();
    return ids;
  }

  /** Forgets what was computed; → all tokens fed so far with the next, to be fed again. */
  startOver(ids: tf.Tensor2D): tf.Tensor2D {
    this.remember(ids);
    this.#disposeLayers();
    this.#length = 0;
    return this.#fed!;
  }

  /** The weights laid out for single positions, made on first use and kept as long as the cache. */
  weights(make: () => StepWeights): StepWeights {
    return (this.#weights ??= make());
  }

  get length(): number {
    return this.#length;
  }

  /** Appends one stretch of keys and values, which it takes over, to a layer and returns everything seen so far, in order. */
  extend(layer: number, keys: tf.Tensor4D, values: tf.Tensor4D): CacheSegment[] {
    const held = this.#layers[layer]!;
    if (held.recent !== null && held.recent.keys.shape[2] >= recentLength) {
      held.settled = joined(held.settled, held.recent);
      held.recent = null;
    }
    held.recent = joined(held.recent, { keys: tf.keep(keys), values: tf.keep(values) });
    return held.settled === null ? [held.recent] : [held.settled, held.recent];
  }

  segments(layer: number): readonly CacheSegment[] {
    return segmentsOf(this.#layers[layer]!);
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
      for (const segment of segmentsOf(layer)) {
        segment.keys = pick(segment.keys) as tf.Tensor4D;
        segment.values = pick(segment.values) as tf.Tensor4D;
      }
    }
    this.leftPadding = pick(this.leftPadding);
    this.#fed = pick(this.#fed);
    if (this.#paddings !== null) {
      const before = this.#paddings;
      this.#paddings = Array.from(rows.dataSync(), (row) => before[row]!);
    }
  }

  dispose(): void {
    this.#disposeLayers();
    tf.dispose([this.leftPadding, this.#fed].filter((tensor) => tensor !== null));
    this.leftPadding = this.#fed = null;
    this.#weights?.dispose();
    this.#weights = null;
  }

  #disposeLayers(): void {
    for (const layer of this.#layers) {
      for (const segment of segmentsOf(layer)) disposeSegment(segment);
      layer.settled = layer.recent = null;
    }
  }
}

function segmentsOf(layer: LayerCache): CacheSegment[] {
  return [layer.settled, layer.recent].filter((segment) => segment !== null);
}

function disposeSegment(segment: CacheSegment): void {
  segment.keys.dispose();
  segment.values.dispose();
}

/** Joins both stretches; takes them over. */
function joined(before: CacheSegment | null, after: CacheSegment): CacheSegment {
  if (before === null) return after;
  const whole = {
    keys: tf.keep(tf.concat([before.keys, after.keys], 2)),
    values: tf.keep(tf.concat([before.values, after.values], 2)),
  };
  disposeSegment(before);
  disposeSegment(after);
  return whole;
}
