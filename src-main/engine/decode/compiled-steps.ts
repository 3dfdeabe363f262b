import * as tf from '@tensorflow/tfjs-core';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { isConstant } from '../models/constants.ts';
import { fusesAttention } from '../models/architecture.ts';
import type { CausalLm, KeyValueCache } from '../models/causal-lm.ts';
import type { StepWeights } from '../models/step-weights.ts';
import type { CompiledFunction, FusedOps, NativeOps, TensorSpec } from '../ports.ts';
import { functionsOf } from './kept-functions.ts';
import { type Picked, picksOf, tokenSummary } from './pick-tokens.ts';
import { Rooms } from './rooms.ts';
import { affines } from './step-arrays.ts';
import type { StepCache } from './step-cache.ts';
import { Stretches } from './stretches.ts';

type Compile = NonNullable<NativeOps['compile']>;

/**
 * Decoding in which a step is one operation of the device: its cache has a fixed size, so that one function serves many steps. Rows that
 * ended stay in the batch until half of it has, since a different number of rows needs a different function.
 */
export class CompiledSteps {
  readonly #model: CausalLm;
  readonly #settings: DecodingSettings;
  readonly #compile: Compile;
  readonly #fused: FusedOps | null;
  readonly #weights: StepWeights;
  readonly #cache: StepCache;
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
    const steps = new CompiledSteps(model, cache, padding, settings, ops.compile, ops.fused ?? null);
    if (steps.#function() !== null) return steps;
    steps.dispose();
    return null;
  }

  private constructor(
    model: CausalLm,
    cache: KeyValueCache,
    padding: readonly number[],
    settings: DecodingSettings,
    compile: Compile,
    fused: FusedOps | null,
  ) {
    this.#model = model;
    this.#settings = settings;
    this.#compile = compile;
    this.#fused = fused;
    this.#padding = [...padding];
    this.#running = padding.map((_, row) => row);
    this.#weights = model.stepWeights();
    this.#cache =
      fused === null || !fusesAttention(model.config.architecture)
        ? new Stretches(model, cache)
        : new Rooms(model, cache, fused);
  }

  /** Feeds the last token of every running row → their next ones. Throws if the form that is needed now cannot be compiled. */
  async next(tokens: readonly number[], uniforms: readonly number[]): Promise<Picked[]> {
    this.#cache.makeRoom();
    const step = this.#function();
    if (step === null) throw new Error('a step of another room does not compile');
    const rows = this.#padding.length;
    const all = <T extends Int32Array | Float32Array>(made: T, values: readonly number[]): T => {
      this.#running.forEach((row, i) => (made[row] = values[i]!));
      return made;
    };
    const drawn = all(new Float32Array(rows), uniforms);
    const [summary, ...results] = tf.tidy(() => step.run(this.#tensors(all(new Int32Array(rows), tokens), drawn)));
    this.#cache.advance(results);
    const data = (await summary!.data()) as Float32Array;
    summary!.dispose();
    const picks = picksOf(data, this.#settings, Array.from(drawn), this.#model.config.vocabSize);
    return this.#running.map((row) => picks[row]!);
  }

  /** Of the running rows, only those at these indices continue. */
  keep(places: readonly number[]): void {
    this.#running = places.map((place) => this.#running[place]!);
    if (this.#running.length === 0 || 2 * this.#running.length > this.#padding.length) return;
    const rows = this.#running;
    tf.tidy(() => this.#cache.keep(tf.tensor1d(rows, 'int32')));
    this.#padding = rows.map((row) => this.#padding[row]!);
    this.#running = rows.map((_, i) => i);
  }

  dispose(): void {
    this.#cache.dispose();
    this.#weights.dispose();
  }

  /** In the order in which the function takes them. */
  #tensors(ids: Int32Array, uniforms: Float32Array): tf.Tensor[] {
    const rows = this.#padding.length;
    // Rows that have ended may be past the last position that exists.
    const last = this.#model.config.maxPositions - 1;
    const positions = Int32Array.from(this.#padding, (padding) =>
      Math.min(last, Math.max(0, this.#cache.length - padding)),
    );
    const rotary = this.#model.rotationsAt(
      positions,
      Int32Array.from(positions, (place) => place + 1),
    );
    const { layers, head } = this.#weights;
    return [
      tf.tensor1d(ids, 'int32'),
      tf.tensor1d(positions, 'int32'),
      tf.tensor1d(uniforms),
      ...[...rotary.values()].flatMap(({ cos, sin }) =>
        [cos, sin].map((table) => tf.tensor2d(table, [rows, table.length / rows])),
      ),
      ...this.#cache.tensors(this.#padding),
      ...layers.flatMap((layer) =>
        affines(layer).flatMap(({ matrix, bias }) => (bias === undefined ? [matrix] : [matrix, bias])),
      ),
      head,
    ];
  }

  #function(): CompiledFunction | null {
    const known = functionsOf(this.#model);
    const { temperature, topK, topP } = this.#settings;
    const key = JSON.stringify([this.#padding.length, this.#cache.form, temperature, topK, topP]);
    const before = known.get(key);
    const own = before === undefined ? this.#trace() : before;
    // The least recently used one comes first.
    known.delete(key);
    known.set(key, own);
    return own;
  }

  #trace(): CompiledFunction | null {
    const rows = this.#padding.length;
    const specs = tf.tidy(() =>
      this.#tensors(new Int32Array(rows), new Float32Array(rows)).map(({ shape, dtype }) => ({
        shape,
        dtype: dtype as TensorSpec['dtype'],
      })),
    );
    const made = this.#compile((inputs) => this.#build(inputs), specs, {
      constant: isConstant,
      inTurn: true,
    });
    return 'refused' in made ? null : made;
  }

  #build(inputs: readonly tf.Tensor[]): tf.Tensor[] {
    let at = 0;
    const take = <T extends tf.Tensor>(): T => inputs[at++] as T;
    const [ids, positions, uniforms] = [take<tf.Tensor1D>(), take<tf.Tensor1D>(), take<tf.Tensor1D>()];
    const names = [...this.#model.rotationsAt(new Int32Array(1), new Int32Array([1])).keys()];
    const rotary = new Map(names.map((name) => [name, { cos: take<tf.Tensor2D>(), sin: take<tf.Tensor2D>() }]));
    const kept = this.#cache.read(take);
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
    const output = this.#model.stepOnce({ ids, positions, weights, rotary, kept });
    return [tokenSummary(output.logits, this.#settings, uniforms, this.#fused), ...this.#cache.results(output)];
  }
}
