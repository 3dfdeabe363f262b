import * as tf from '@tensorflow/tfjs-core';
import type { CausalLm, KeyValueCache } from '../models/causal-lm.ts';
import { isSmall } from '../models/form-sizes.ts';
import type { KeptRooms } from '../models/step-once.ts';
import type { FusedOps } from '../ports.ts';
import type { StepCache } from './step-cache.ts';
import { acrossTime, padded, roomFor } from './step-arrays.ts';

const leastRoom = 128;

interface Room {
  /** [rows, kvHeads, headDim, room] each */
  keys: tf.Tensor4D;
  values: tf.Tensor4D;
}

/** A cache that steps write into, so that nothing is copied but when it is full. Attention goes over what is in use alone. */
export class Rooms implements StepCache {
  readonly #fused: FusedOps;
  #length: number;
  #room: number;
  #layers: Room[];

  /** Whether memory for positions that may never come counts more than another form to compile. */
  readonly #isFine: boolean;

  /** Copies the contents of the cache, which still belongs to the caller. */
  constructor(model: CausalLm, cache: KeyValueCache, fused: FusedOps) {
    this.#fused = fused;
    this.#length = cache.length;
    this.#isFine = !isSmall(model);
    this.#room = this.#roomFor(cache.length + 1);
    const whole = (parts: readonly tf.Tensor4D[]) => tf.keep(padded(parts.map(acrossTime), this.#room, 3));
    this.#layers = tf.tidy(() =>
      Array.from({ length: model.config.layers }, (_, layer) => {
        const parts = cache.segments(layer);
        return { keys: whole(parts.map(({ keys }) => keys)), values: whole(parts.map(({ values }) => values)) };
      }),
    );
  }

  get length(): number {
    return this.#length;
  }

  get form(): string {
    return `room ${this.#room}`;
  }

  makeRoom(): void {
    if (this.#length < this.#room) return;
    this.#room = this.#roomFor(this.#length + 1);
    this.#replace((full) => padded([full], this.#room, 3));
  }

  tensors(padding: readonly number[]): tf.Tensor[] {
    return [
      tf.tensor1d([...padding], 'int32'),
      tf.tensor1d([this.#length], 'int32'),
      ...this.#layers.flatMap(({ keys, values }) => [keys, values]),
    ];
  }

  read(take: <T extends tf.Tensor>() => T): KeptRooms {
    const [padding, place] = [take<tf.Tensor1D>(), take<tf.Tensor1D>()];
    return { fused: this.#fused, padding, place, layers: this.#layers.map(() => ({ keys: take(), values: take() })) };
  }

  results(): tf.Tensor[] {
    return [];
  }

  advance(): void {
    this.#length += 1;
  }

  keep(rows: tf.Tensor1D): void {
    this.#replace((all) => tf.gather(all, rows));
  }

  dispose(): void {
    for (const { keys, values } of this.#layers) tf.dispose([keys, values]);
    this.#layers = [];
  }

  /** What is empty costs no time, so that many texts fit the first room. */
  #roomFor(length: number): number {
    return roomFor(Math.max(leastRoom, length), this.#isFine);
  }

  /** One at a time, so that only one is in memory twice. */
  #replace(change: (before: tf.Tensor4D) => tf.Tensor4D): void {
    const changed = (before: tf.Tensor4D) => {
      const after = tf.keep(tf.tidy(() => change(before)));
      before.dispose();
      return after;
    };
    this.#layers = this.#layers.map(({ keys, values }) => ({ keys: changed(keys), values: changed(values) }));
  }
}
