import * as tf from '@tensorflow/tfjs-core';
import { activeTensorflow } from './tensorflow.ts';
import { activeTracer } from './tracer.ts';
import type { Attribute, TensorflowBackend } from './binding.ts';

/** Numbers of one Adam update. */
export interface AdamNumbers {
  readonly beta1: number;
  readonly beta2: number;
  /** Updates made, this one included. */
  readonly step: number;
  readonly learningRate: number;
  /** Added to √v̂, as torch does. */
  readonly epsilon: number;
  /** The weight is multiplied by it first. */
  readonly decay: number;
}

/** Adam's state of one parameter, changed in place. */
export interface AdamSlot {
  update(gradient: tf.Tensor, numbers: AdamNumbers): void;
  /** m and v as they are now; the caller disposes them. */
  moments(): { first: tf.Tensor; second: tf.Tensor };
  /** Puts saved moments back; the caller keeps them. */
  restore(first: tf.Tensor, second: tf.Tensor): void;
  dispose(): void;
}

/** How the active backend updates a parameter in place; undefined where it has no such operation. */
export function adamSlots(): ((parameter: tf.Variable) => AdamSlot) | undefined {
  const backend = activeTensorflow();
  return backend === undefined ? undefined : (parameter) => new TensorflowAdamSlot(backend, parameter);
}

let slots = 0;

/**
 * TensorFlow's own Adam over resource variables: one operation for what would be a dozen, and no second copy of weight or moments.
 * It writes in place only where nobody else holds the weight's buffer, so the parameter's handle is let go before each update and
 * given the new value's afterwards.
 */
export class TensorflowAdamSlot implements AdamSlot {
  /** Handles of resources. */
  readonly #backend: TensorflowBackend;
  readonly #parameter: tf.Variable;
  readonly weight: number;
  readonly first: number;
  readonly second: number;
  readonly shape: readonly number[];
  /** The handle that the parameter was given last; another one means that someone assigned a value. */
  #given = -1;

  constructor(backend: TensorflowBackend, parameter: tf.Variable) {
    this.#backend = backend;
    this.#parameter = parameter;
    this.shape = parameter.shape;
    const name = `flipguard_adam_${slots++}`;
    this.weight = this.#resource(`${name}_weight`);
    this.first = this.#resource(`${name}_first`);
    this.second = this.#resource(`${name}_second`);
    tf.tidy(() => {
      this.#assign(this.first, tf.zeros(parameter.shape));
      this.#assign(this.second, tf.zeros(parameter.shape));
    });
  }

  update(gradient: tf.Tensor, numbers: AdamNumbers): void {
    const { decay } = numbers;
    tf.tidy(() => {
      this.adopt();
      if (decay !== 1) this.#assign(this.weight, tf.mul(this.#read(this.weight), decay));
      const ids = this.#backend.getInputTensorIds([
        ...appliedNumbers(numbers).map((value) => tf.scalar(value)),
        gradient,
      ]);
      this.#run('ResourceApplyAdam', [this.#type('T')], [this.weight, this.first, this.second, ...ids], 0);
    });
    const [value] = this.#run('ReadVariableOp', [this.#type('dtype')], [this.weight], 1);
    this.give(value!.id);
  }

  /** The same while a function is traced: scalars as `appliedNumbers` lists them, and the decay where there is any. → the weight after it. */
  trace(gradient: tf.Tensor, scalars: readonly tf.Tensor[], decay: tf.Tensor | null): tf.Tensor {
    const tracer = activeTracer();
    if (tracer === null) throw new Error('nothing is traced');
    const backend = this.#backend;
    const read = () => {
      const [value] = tracer.ordered('ReadVariableOp', [this.#type('dtype')], [this.weight], this.shape);
      return backend.createOutputTensor(value!);
    };
    const type = [this.#type('dtype')];
    if (decay !== null) {
      // The graph does not know the shape of what a resource holds.
      const before = tf.reshape(read(), [...this.shape]);
      const [decayed] = backend.getInputTensorIds([tf.mul(before, decay)]);
      tracer.ordered('AssignVariableOp', type, [this.weight, decayed!]);
    }
    const ids = backend.getInputTensorIds([...scalars, gradient]);
    tracer.ordered('ResourceApplyAdam', [this.#type('T')], [this.weight, this.first, this.second, ...ids]);
    return read();
  }

  moments(): { first: tf.Tensor; second: tf.Tensor } {
    return { first: this.#read(this.first), second: this.#read(this.second) };
  }

  restore(first: tf.Tensor, second: tf.Tensor): void {
    this.#assign(this.first, first);
    this.#assign(this.second, second);
  }

  dispose(): void {
    for (const handle of [this.weight, this.first, this.second]) {
      this.#run('DestroyResourceOp', [this.#flag('ignore_lookup_error')], [handle], 0);
      this.#backend.binding.deleteTensor(handle);
    }
  }

  /** From now until `give` the resource holds the weight alone. */
  adopt(): void {
    const held = this.#backend.tensorMap.get(this.#parameter.dataId);
    const [id] = this.#backend.getInputTensorIds([this.#parameter]);
    if (id !== this.#given) this.#run('AssignVariableOp', [this.#type('dtype')], [this.weight, id!], 0);
    this.#backend.binding.deleteTensor(id!);
    held.id = -1;
  }

  /** The parameter has this handle, which is its own from then on. */
  give(id: number): void {
    this.#given = id;
    this.#backend.tensorMap.get(this.#parameter.dataId).id = id;
  }

  #resource(name: string): number {
    const { TF_ATTR_SHAPE, TF_ATTR_STRING } = this.#backend.binding;
    const attributes = [
      this.#type('dtype'),
      { name: 'shape', type: TF_ATTR_SHAPE, value: this.#parameter.shape },
      { name: 'shared_name', type: TF_ATTR_STRING, value: name },
    ];
    return this.#run('VarHandleOp', attributes, [], 1)[0]!.id;
  }

  #assign(handle: number, value: tf.Tensor): void {
    const [id] = this.#backend.getInputTensorIds([value]);
    this.#run('AssignVariableOp', [this.#type('dtype')], [handle, id!], 0);
  }

  /** Shares the buffer; an update meanwhile writes elsewhere. */
  #read(handle: number): tf.Tensor {
    const [value] = this.#run('ReadVariableOp', [this.#type('dtype')], [handle], 1);
    return this.#backend.createOutputTensor(value!);
  }

  #run(name: string, attributes: Attribute[], inputs: readonly number[], outputs: number) {
    return this.#backend.binding.executeOp(name, attributes, inputs, outputs);
  }

  #type(name: string): Attribute {
    const { TF_ATTR_TYPE, TF_FLOAT } = this.#backend.binding;
    return { name, type: TF_ATTR_TYPE, value: TF_FLOAT };
  }

  #flag(name: string): Attribute {
    return { name, type: this.#backend.binding.TF_ATTR_BOOL, value: true };
  }
}

/**
 * Numbers of ResourceApplyAdam in its order. The device has β rounded to float32, and its 1 − βᵗ would lose half its digits: the
 * corrections are made here, and TensorFlow is told of powers that are 0. It adds epsilon before the correction, torch after it.
 */
export function appliedNumbers({ beta1, beta2, step, learningRate, epsilon }: AdamNumbers): number[] {
  const root = Math.sqrt(1 - Math.fround(beta2) ** step);
  const rate = (learningRate * root) / (1 - Math.fround(beta1) ** step);
  return [0, 0, rate, beta1, beta2, epsilon * root];
}
