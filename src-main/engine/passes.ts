import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { CausalLm } from './models/causal-lm.ts';
import { isConstant } from './models/constants.ts';
import { isSmall } from './models/form-sizes.ts';
import type { Gradients } from './optim/adamw.ts';
import { addGradients, globalNorm, lossGradients } from './optim/gradients.ts';
import type { CompiledFunction, NativeOps, TensorSpec } from './ports.ts';

/** All that changes from one batch to the next, as flat arrays by name. */
export type PassInputs = Readonly<Record<string, Int32Array | Float32Array>>;
export type PassTensors = Readonly<Record<string, Tensor1D>>;

/** A computation over a batch. */
export interface PassTask {
  /** What its form depends on, besides the sizes of the inputs. */
  key: string;
  inputs: PassInputs;
  /** Uses nothing of a batch but these tensors: whatever else it uses is the same for all batches of the key. */
  build(tensors: PassTensors): PassResults;
}

export interface PassResults {
  /** Numbers for the caller. */
  told: Tensor1D;
  /** What gradients are taken of. */
  loss?: Scalar;
}

/** Gradients summed over the passes of a step, with their norm. */
export interface StepGradients {
  gradients: Gradients;
  norm: number;
}

/** Functions kept; the least recently used one goes first. */
const mostFunctions = 64;

interface Known {
  function: CompiledFunction;
  /** The parameters whose gradients it returns. */
  names: readonly string[];
}

/**
 * Runs passes: if the backend compiles, each form of batch is traced once and is one operation from then on; otherwise, and if a trace is
 * refused, the same computation runs operation by operation. Numbers are read from the device once per pass.
 */
export class Passes {
  /** Why passes were not compiled, by key. */
  readonly refused = new Map<string, string>();
  readonly #ops: NativeOps;
  readonly #inTurn: boolean;
  readonly #known = new Map<string, Known>();
  readonly #met = new Set<string>();

  /** @param model whose passes these mostly are: of a small one, each operation is done before the next begins */
  constructor(ops: NativeOps, model?: Pick<CausalLm, 'parameters'>) {
    this.#ops = ops;
    this.#inTurn = model !== undefined && isSmall(model);
  }

  /** Whether sizes should be rounded, so that forms repeat. */
  get rounded(): boolean {
    return this.#ops.compile !== undefined;
  }

  get compiled(): number {
    return this.#known.size;
  }

  /** The task's numbers, and the gradients of its loss added to `sum`, which is taken over. */
  async gradients(
    task: PassTask,
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients | null,
  ): Promise<{ told: Float32Array; sum: StepGradients }> {
    const before = sum?.gradients ?? null;
    const key = `${task.key} ${before === null ? '' : [...before.keys()].join()}`;
    const names: string[] = [];
    const build = (tensors: PassTensors, earlier: Gradients | null): Tensor[] => {
      const { told, gradients } = takeGradients(trainable, () => task.build(tensors));
      const total = addGradients(earlier, gradients);
      names.splice(0, names.length, ...total.keys());
      const norm = globalNorm(total, this.#ops);
      const numbers = tf.concat([told, tf.reshape(norm, [1])]);
      tf.dispose([told, norm]);
      return [numbers, ...total.values()];
    };
    const known = this.#function(key, task.inputs, before, build, names);
    const [numbers, ...values] = known === null ? eager(task.inputs, before, build) : run(known, task.inputs, before);
    if (known !== null && before !== null) tf.dispose([...before.values()]);
    const read = (await numbers!.data()) as Float32Array;
    numbers!.dispose();
    const own = known?.names ?? names;
    const gradients: Gradients = new Map(values.map((value, i) => [own[i]!, value]));
    return { told: read.subarray(0, -1), sum: { gradients, norm: read.at(-1)! } };
  }

  /** The task's numbers alone. A form is compiled when it occurs again. */
  async measure(task: PassTask, { always = false } = {}): Promise<Float32Array> {
    const key = `${task.key} measured`;
    const build = (tensors: PassTensors): Tensor[] => [task.build(tensors).told];
    const again = always || this.#met.has(sizedKey(key, task.inputs, null));
    this.#met.add(sizedKey(key, task.inputs, null));
    const known = again ? this.#function(key, task.inputs, null, build, []) : null;
    const [told] = known === null ? eager(task.inputs, null, build) : run(known, task.inputs, null);
    const numbers = (await told!.data()) as Float32Array;
    told!.dispose();
    return numbers;
  }

  dispose(): void {
    for (const known of this.#known.values()) known.function.dispose();
    this.#known.clear();
  }

  #function(
    task: string,
    inputs: PassInputs,
    before: Gradients | null,
    build: (tensors: PassTensors, before: Gradients | null) => Tensor[],
    names: string[],
  ): Known | null {
    const { compile } = this.#ops;
    const key = sizedKey(task, inputs, before);
    if (compile === undefined || this.refused.has(key)) return null;
    const known = this.#known.get(key) ?? this.#compile(key, inputs, before, build, names);
    if (known === null) return null;
    this.#known.delete(key);
    this.#known.set(key, known);
    return known;
  }

  #compile(
    key: string,
    inputs: PassInputs,
    before: Gradients | null,
    build: (tensors: PassTensors, before: Gradients | null) => Tensor[],
    names: string[],
  ): Known | null {
    const inputNames = Object.keys(inputs);
    const specs: TensorSpec[] = [
      ...Object.values(inputs).map((values) => ({ shape: [values.length], dtype: typeOf(values) })),
      ...[...(before?.values() ?? [])].map(({ shape }) => ({ shape, dtype: 'float32' as const })),
    ];
    const made = this.#ops.compile!(
      (tensors) => {
        const own = Object.fromEntries(inputNames.map((name, i) => [name, tensors[i] as Tensor1D]));
        const sums = [...(before?.keys() ?? [])].map((name, i) => [name, tensors[inputNames.length + i]!] as const);
        return build(own, before === null ? null : new Map(sums));
      },
      specs,
      { constant: isConstant, inTurn: this.#inTurn },
    );
    if ('refused' in made) {
      this.refused.set(key, made.refused);
      return null;
    }
    const [oldest] = this.#known;
    if (oldest !== undefined && this.#known.size >= mostFunctions) {
      oldest[1].function.dispose();
      this.#known.delete(oldest[0]);
    }
    return { function: made, names: [...names] };
  }
}

function sizedKey(task: string, inputs: PassInputs, before: Gradients | null): string {
  const sizes = Object.entries(inputs).map(([name, { length }]) => `${name}:${length}`);
  return `${task}|${sizes.join()}|${before?.size ?? 0}`;
}

function typeOf(values: Int32Array | Float32Array): 'int32' | 'float32' {
  return values instanceof Int32Array ? 'int32' : 'float32';
}

/** Arrays as tensors of the caller's. */
export function inputTensors(inputs: PassInputs): PassTensors {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, values]) => [name, tf.tensor1d(values, typeOf(values))]),
  );
}

function eager(
  inputs: PassInputs,
  before: Gradients | null,
  build: (tensors: PassTensors, before: Gradients | null) => Tensor[],
): Tensor[] {
  return tf.tidy(() => build(inputTensors(inputs), before));
}

function run(known: Known, inputs: PassInputs, before: Gradients | null): Tensor[] {
  return tf.tidy(() => known.function.run([...Object.values(inputTensors(inputs)), ...(before?.values() ?? [])]));
}

function takeGradients(trainable: ReadonlyMap<string, Variable>, build: () => PassResults) {
  let told: Tensor1D | undefined;
  const { value, gradients } = lossGradients(trainable, () => {
    const results = build();
    if (results.loss === undefined) throw new Error('a pass without a loss has no gradients');
    told = tf.keep(results.told);
    return results.loss;
  });
  value.dispose();
  if (told === undefined) throw new Error('the loss did not run');
  return { told, gradients };
}
