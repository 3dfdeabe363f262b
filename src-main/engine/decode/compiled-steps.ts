import * as tf from '@tensorflow/tfjs-core';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { isConstant } from '../models/constants.ts';
import type { CausalLm, KeyValueCache } from '../models/causal-lm.ts';
import type { CacheSegment } from '../models/kv-cache.ts';
import { isSmall } from '../models/form-sizes.ts';
import { hidden } from '../models/mask.ts';
import type { StepWeights } from '../models/step-weights.ts';
import type { CompiledFunction, NativeOps, TensorSpec } from '../ports.ts';
import { functionsOf } from './kept-functions.ts';
import { type Picked, picksOf, tokenSummary } from './pick-tokens.ts';
import { acrossTime, affines, empty, padded, recentLength, roomFor } from './step-arrays.ts';

type Compile = NonNullable<NativeOps['compile']>;

/**
 * Decoding in which a step is one operation of the device: its cache has a fixed size, so that one function serves many steps. Rows that
 * ended stay in the batch until half of it has, since a different number of rows needs a different function.
 */
export class CompiledSteps {
  readonly #model: CausalLm;
  readonly #settings: DecodingSettings;
  readonly #compile: Compile;
  readonly #weights: StepWeights;
  #segments: { settled: CacheSegment; recent: CacheSegment }[] = [];
  /** Positions in use in the long stretch, and in the short one. */
  #settled = 0;
  #written = 0;
  #room = 0;
  /** Whether another form costs less than the positions that a room would have too many. */
  readonly #isFine: boolean;
  /** For every row in the batch; `#running`: the indices of those that have not ended. */
  #padding: number[];
  #running: number[];

  /** Copies the contents of the cache, which still belongs to the caller. Null if such a step cannot be compiled. */
  static from(
    model: CausalLm,
    cache: KeyValueCache,
    padding: readonly number[],
    settings: DecodingSettings,
    ops: NativeOps | undefined,
  ): CompiledSteps | null {
    // Frequencies that depend on a sequence's length may invalidate what was computed before.
    if (ops?.compile === undefined || !model.sharesPrompts) return null;
    const steps = new CompiledSteps(model, padding, settings, ops.compile);
    steps.#take(cache);
    if (steps.#function() !== null) return steps;
    steps.dispose();
    return null;
  }

  private constructor(model: CausalLm, padding: readonly number[], settings: DecodingSettings, compile: Compile) {
    this.#model = model;
    this.#settings = settings;
    this.#compile = compile;
    this.#padding = [...padding];
    this.#running = padding.map((_, row) => row);
    this.#weights = model.stepWeights();
    this.#isFine = !isSmall(model);
  }

  /** Feeds the last token of every running row → their next ones. Throws if the form that is needed now cannot be compiled. */
  async next(tokens: readonly number[], uniforms: readonly number[]): Promise<Picked[]> {
    if (this.#written === recentLength) this.#settle();
    const step = this.#function();
    if (step === null) throw new Error('a step of another room does not compile');
    const rows = this.#padding.length;
    const all = <T extends Int32Array | Float32Array>(made: T, values: readonly number[]): T => {
      this.#running.forEach((row, i) => (made[row] = values[i]!));
      return made;
    };
    const drawn = all(new Float32Array(rows), uniforms);
    const [summary, ...recent] = tf.tidy(() =>
      step.run([...this.#batchTensors(all(new Int32Array(rows), tokens), drawn), ...this.#stateTensors()]),
    ) as [tf.Tensor2D, ...tf.Tensor4D[]];
    this.#segments.forEach((layer, i) => {
      tf.dispose([layer.recent.keys, layer.recent.values]);
      layer.recent = { keys: tf.keep(recent[2 * i]!), values: tf.keep(recent[2 * i + 1]!) };
    });
    this.#written += 1;
    const data = (await summary.data()) as Float32Array;
    summary.dispose();
    const picks = picksOf(data, this.#settings, Array.from(drawn), this.#model.config.vocabSize);
    return this.#running.map((row) => picks[row]!);
  }

  /** Of the running rows, only those at these indices continue. */
  keep(places: readonly number[]): void {
    this.#running = places.map((place) => this.#running[place]!);
    if (this.#running.length === 0 || 2 * this.#running.length > this.#padding.length) return;
    const rows = this.#running;
    tf.tidy(() => {
      const chosen = tf.tensor1d(rows, 'int32');
      this.#replace(({ settled, recent }) => {
        const pick = ({ keys, values }: CacheSegment) => ({
          keys: tf.gather(keys, chosen),
          values: tf.gather(values, chosen),
        });
        return { settled: pick(settled), recent: pick(recent) };
      });
    });
    this.#padding = rows.map((row) => this.#padding[row]!);
    this.#running = rows.map((_, i) => i);
  }

  dispose(): void {
    for (const { settled, recent } of this.#segments)
      tf.dispose([settled.keys, settled.values, recent.keys, recent.values]);
    this.#segments = [];
    this.#weights.dispose();
  }

  #take(cache: KeyValueCache): void {
    const { layers } = this.#model.config;
    this.#settled = cache.length;
    this.#room = roomFor(cache.length, this.#isFine);
    tf.tidy(() => {
      for (let layer = 0; layer < layers; layer++) {
        const parts = cache.segments(layer);
        const { keys, values } = parts[0]!;
        const across = parts.map((part) => acrossTime(part.keys));
        const settled = {
          keys: padded(across, this.#room, 3),
          values: padded(
            parts.map((part) => part.values),
            this.#room,
            2,
          ),
        };
        const recent = { keys: empty(keys), values: empty(values) };
        for (const tensor of [settled.keys, settled.values, recent.keys, recent.values]) tf.keep(tensor);
        this.#segments.push({ settled, recent });
      }
    });
  }

  /** Joins the short stretch to the long one. */
  #settle(): void {
    const length = this.#settled + this.#written;
    const room = roomFor(length, this.#isFine);
    tf.tidy(() => {
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
    });
    this.#settled = length;
    this.#written = 0;
    this.#room = room;
  }

  #replace(
    change: (layer: { settled: CacheSegment; recent: CacheSegment }) => { settled: CacheSegment; recent: CacheSegment },
  ): void {
    this.#segments = this.#segments.map((layer) => {
      const made = change(layer);
      for (const { keys, values } of [made.settled, made.recent]) [keys, values].forEach((tensor) => tf.keep(tensor));
      tf.dispose([layer.settled.keys, layer.settled.values, layer.recent.keys, layer.recent.values]);
      return made;
    });
  }

  get #windows(): (number | null)[] {
    return [...new Set(this.#model.config.architecture.layers.map(({ window }) => window))];
  }

  /** In the order in which the function takes them. */
  #batchTensors(ids: Int32Array, uniforms: Float32Array): tf.Tensor[] {
    const rows = this.#padding.length;
    const position = this.#settled + this.#written;
    // Rows that have ended may be past the last position that exists.
    const last = this.#model.config.maxPositions - 1;
    const positions = Int32Array.from(this.#padding, (padding) => Math.min(last, Math.max(0, position - padding)));
    const rotary = this.#model.rotationsAt(
      positions,
      Int32Array.from(positions, (place) => place + 1),
    );
    const seen = this.#room + recentLength;
    return [
      tf.tensor1d(ids, 'int32'),
      tf.tensor1d(positions, 'int32'),
      tf.tensor1d(uniforms),
      this.#places(),
      ...this.#windows.map((window) => tf.tensor2d(this.#mask(window), [rows, seen])),
      ...[...rotary.values()].flatMap(({ cos, sin }) =>
        [cos, sin].map((table) => tf.tensor2d(table, [rows, table.length / rows])),
      ),
    ];
  }

  /** Where the keys and values of every row and head are written, as `StepInput.places`. */
  #places(): tf.Tensor2D {
    const heads = this.#model.config.kvHeads;
    const count = this.#padding.length * heads;
    const places = new Int32Array(3 * count);
    for (let i = 0; i < count; i++) places.set([Math.floor(i / heads), i % heads, this.#written], 3 * i);
    return tf.tensor2d(places, [count, 3], 'int32');
  }

  /** 0 if a query sees a key, `hidden` otherwise. */
  #mask(window: number | null): Float32Array {
    const seen = this.#room + recentLength;
    const mask = new Float32Array(this.#padding.length * seen).fill(hidden);
    const position = this.#settled + this.#written;
    this.#padding.forEach((padding, row) => {
      const first = Math.max(padding, window === null ? 0 : position - window + 1);
      const start = row * seen;
      if (first < this.#settled) mask.fill(0, start + first, start + this.#settled);
      mask.fill(0, start + this.#room + Math.max(0, first - this.#settled), start + this.#room + this.#written + 1);
    });
    return mask;
  }

  #stateTensors(): tf.Tensor[] {
    const { layers, head } = this.#weights;
    return [
      ...this.#segments.flatMap(({ settled, recent }) => [settled.keys, settled.values, recent.keys, recent.values]),
      ...layers.flatMap((layer) =>
        affines(layer).flatMap(({ matrix, bias }) => (bias === undefined ? [matrix] : [matrix, bias])),
      ),
      head,
    ];
  }

  #function(): CompiledFunction | null {
    const known = functionsOf(this.#model);
    const { temperature } = this.#settings;
    const key = JSON.stringify([
      this.#padding.length,
      this.#room,
      temperature,
      this.#settings.topK,
      this.#settings.topP,
    ]);
    const before = known.get(key);
    const own = before === undefined ? this.#trace() : before;
    // The least recently used one comes first.
    known.delete(key);
    known.set(key, own);
    return own;
  }

  #trace(): CompiledFunction | null {
    const rows = this.#padding.length;
    const specs = tf.tidy(() => {
      const tensors = [...this.#batchTensors(new Int32Array(rows), new Float32Array(rows)), ...this.#stateTensors()];
      return tensors.map(({ shape, dtype }) => ({ shape, dtype: dtype as TensorSpec['dtype'] }));
    });
    const made = this.#compile((inputs) => this.#build(inputs), specs, { constant: isConstant, inTurn: true });
    return 'refused' in made ? null : made;
  }

  #build(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    let at = 0;
    const take = <T extends tf.Tensor>(): T => inputs[at++] as T;
    const [ids, positions, uniforms, places] = [
      take<tf.Tensor1D>(),
      take<tf.Tensor1D>(),
      take<tf.Tensor1D>(),
      take<tf.Tensor2D>(),
    ];
    const masks = new Map(this.#windows.map((window) => [window, take<tf.Tensor2D>()]));
    const names = [...this.#model.rotationsAt(new Int32Array(1), new Int32Array([1])).keys()];
    const rotary = new Map(names.map((name) => [name, { cos: take<tf.Tensor2D>(), sin: take<tf.Tensor2D>() }]));
    const segment = () => ({ keys: take<tf.Tensor4D>(), values: take<tf.Tensor4D>() });
    const segments = this.#segments.map(() => ({ settled: segment(), recent: segment() }));
    const affine = ({ bias }: { bias: tf.Tensor1D | undefined }) => ({
      matrix: take<tf.Tensor2D>(),
      bias: bias === undefined ? undefined : take<tf.Tensor1D>(),
    });
    const layers = this.#weights.layers.map((layer) => ({
      queryKeyValue: affine(layer.queryKeyValue),
      attentionOut: affine(layer.attentionOut),
      up: affine(layer.up),
      down: affine(layer.down),
    }));
    const weights = { layers, head: take<tf.Tensor2D>(), dispose() {} };
    const { logits, recent } = this.#model.stepOnce({ ids, positions, weights, segments, places, masks, rotary });
    return [tokenSummary(logits, this.#settings, uniforms), ...recent.flatMap(({ keys, values }) => [keys, values])];
  }
}
