import * as tf from '@tensorflow/tfjs-core';
import type { CausalLm, KeyValueCache } from '../models/causal-lm.ts';
import { isSmall } from '../models/form-sizes.ts';
import type { CacheSegment } from '../models/kv-cache.ts';
import { hidden } from '../models/mask.ts';
import type { KeptStretches, StepOutput } from '../models/step-once.ts';
import type { StepCache } from './step-cache.ts';
import { acrossTime, empty, padded, recentLength, roomFor } from './step-arrays.ts';

interface LayerStretches {
  settled: CacheSegment;
  recent: CacheSegment;
}

/** A cache of a long stretch, copied once every `recentLength` positions, and a short one, copied each time: tensors are not written into. */
export class Stretches implements StepCache {
  readonly #model: CausalLm;
  readonly #layers: LayerStretches[] = [];
  /** Positions in use in the long stretch, and in the short one. */
  #settled: number;
  #written = 0;
  #room: number;
  /** Whether another form costs less than the positions that a room would have too many. */
  readonly #isFine: boolean;

  /** Copies the contents of the cache, which still belongs to the caller. */
  constructor(model: CausalLm, cache: KeyValueCache) {
    this.#model = model;
    this.#isFine = !isSmall(model);
    this.#settled = cache.length;
    this.#room = roomFor(cache.length, this.#isFine);
    tf.tidy(() => {
      for (let layer = 0; layer < model.config.layers; layer++) this.#layers.push(this.#taken(cache, layer));
    });
  }

  get length(): number {
    return this.#settled + this.#written;
  }

  get form(): string {
    return `stretch ${this.#room}`;
  }

  /** Joins the short stretch to the long one when it is full. */
  makeRoom(): void {
    if (this.#written < recentLength) return;
    const { length } = this;
    const room = roomFor(length, this.#isFine);
    this.#replace(({ settled, recent }) => {
      const [rows, heads, , width] = recent.keys.shape;
      const keys = tf.slice(settled.keys, [0, 0, 0, 0], [rows, heads, width, this.#settled]);
      const values = tf.slice(settled.values, [0, 0, 0, 0], [rows, heads, this.#settled, width]);
      return {
        settled: {
          keys: padded([keys, acrossTime(recent.keys)], room, 3),
          values: padded([values, recent.values], room, 2),
        },
        recent: { keys: empty(recent.keys), values: empty(recent.values) },
      };
    });
    this.#settled = length;
    this.#written = 0;
    this.#room = room;
  }

  tensors(padding: readonly number[]): tf.Tensor[] {
    const seen = this.#room + recentLength;
    return [
      this.#places(padding.length),
      ...this.#windows.map((window) => tf.tensor2d(this.#mask(padding, window), [padding.length, seen])),
      ...this.#layers.flatMap(({ settled, recent }) => [settled.keys, settled.values, recent.keys, recent.values]),
    ];
  }

  read(take: <T extends tf.Tensor>() => T): KeptStretches {
    const places = take<tf.Tensor2D>();
    const masks = new Map(this.#windows.map((window) => [window, take<tf.Tensor2D>()]));
    const segment = (): CacheSegment => ({ keys: take(), values: take() });
    return { places, masks, segments: this.#layers.map(() => ({ settled: segment(), recent: segment() })) };
  }

  results({ recent }: StepOutput): tf.Tensor[] {
    return recent.flatMap(({ keys, values }) => [keys, values]);
  }

  advance(results: readonly tf.Tensor[]): void {
    this.#layers.forEach((layer, i) => {
      tf.dispose([layer.recent.keys, layer.recent.values]);
      const [keys, values] = [results[2 * i], results[2 * i + 1]] as [tf.Tensor4D, tf.Tensor4D];
      layer.recent = { keys: tf.keep(keys), values: tf.keep(values) };
    });
    this.#written += 1;
  }

  keep(rows: tf.Tensor1D): void {
    const pick = ({ keys, values }: CacheSegment) => ({ keys: tf.gather(keys, rows), values: tf.gather(values, rows) });
    this.#replace(({ settled, recent }) => ({ settled: pick(settled), recent: pick(recent) }));
  }

  dispose(): void {
    for (const layer of this.#layers.splice(0)) tf.dispose(tensorsOf(layer));
  }

  #taken(cache: KeyValueCache, layer: number): LayerStretches {
    const parts = cache.segments(layer);
    const { keys, values } = parts[0]!;
    const across = parts.map((part) => acrossTime(part.keys));
    const along = parts.map((part) => part.values);
    const made = {
      settled: { keys: padded(across, this.#room, 3), values: padded(along, this.#room, 2) },
      recent: { keys: empty(keys), values: empty(values) },
    };
    tensorsOf(made).forEach((tensor) => tf.keep(tensor));
    return made;
  }

  #replace(change: (layer: LayerStretches) => LayerStretches): void {
    this.#layers.forEach((layer, i) =>
      tf.tidy(() => {
        const made = change(layer);
        tensorsOf(made).forEach((tensor) => tf.keep(tensor));
        tf.dispose(tensorsOf(layer));
        this.#layers[i] = made;
      }),
    );
  }

  get #windows(): (number | null)[] {
    return [...new Set(this.#model.config.architecture.layers.map(({ window }) => window))];
  }

  /** Where the keys and values of every row and head are written, as `KeptStretches.places`. */
  #places(rows: number): tf.Tensor2D {
    const heads = this.#model.config.kvHeads;
    const count = rows * heads;
    const places = new Int32Array(3 * count);
    for (let i = 0; i < count; i++) places.set([Math.floor(i / heads), i % heads, this.#written], 3 * i);
    return tf.tensor2d(places, [count, 3], 'int32');
  }

  /** 0 if a query sees a key, `hidden` otherwise. */
  #mask(paddings: readonly number[], window: number | null): Float32Array {
    const seen = this.#room + recentLength;
    const mask = new Float32Array(paddings.length * seen).fill(hidden);
    paddings.forEach((padding, row) => {
      const first = Math.max(padding, window === null ? 0 : this.length - window + 1);
      const start = row * seen;
      if (first < this.#settled) mask.fill(0, start + first, start + this.#settled);
      mask.fill(0, start + this.#room + Math.max(0, first - this.#settled), start + this.#room + this.#written + 1);
    });
    return mask;
  }
}

function tensorsOf({ settled, recent }: LayerStretches): tf.Tensor4D[] {
  return [settled.keys, settled.values, recent.keys, recent.values];
}
