import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { OptimizerSpec } from '../../shared/domain/run-spec.ts';

/** Gradients by parameter name, each of its parameter's shape. */
export type Gradients = Map<string, Tensor>;

type AdamWSpec = Pick<OptimizerSpec, 'weightDecay' | 'beta1' | 'beta2' | 'epsilon'>;

interface Moments {
  /** m / (1 − β1) of Adam's m. */
  first: Tensor;
  /** v / (1 − β2) of Adam's v. */
  second: Tensor;
}

/**
 * AdamW with decoupled decay (Loshchilov & Hutter 2019), the update of torch.optim.AdamW. The moments are kept divided
 * by (1 − β): M ← β1·M + g and V ← β2·V + g² take fewer kernels than the textbook form, and the constants move into
 * two scalars a step. Decay leaves vectors (norms, biases) alone.
 */
export class AdamW {
  readonly #parameters: ReadonlyMap<string, Variable>;
  readonly #spec: AdamWSpec;
  readonly #moments = new Map<string, Moments>();
  #step = 0;

  constructor(parameters: ReadonlyMap<string, Variable>, spec: AdamWSpec) {
    this.#parameters = parameters;
    this.#spec = spec;
    for (const [name, parameter] of parameters) {
      this.#moments.set(name, { first: zeros(parameter), second: zeros(parameter) });
    }
  }

  /** Updates made so far. */
  get step(): number {
    return this.#step;
  }

  /** One update. `scale` multiplies every gradient (clipping). */
  update(gradients: Gradients, learningRate: number, scale = 1): void {
    this.#step++;
    const { beta1, beta2, epsilon } = this.#spec;
    const correction1 = 1 - beta1 ** this.#step;
    const correction2 = 1 - beta2 ** this.#step;
    // lr·(m/c1) / (√(v/c2) + ε) with m = (1−β1)M and v = (1−β2)V
    const root = Math.sqrt((1 - beta2) / correction2);
    tf.tidy(() => {
      const constants = {
        beta1: tf.scalar(beta1),
        beta2: tf.scalar(beta2),
        epsilon: tf.scalar(epsilon / root),
        rate: tf.scalar((learningRate * (1 - beta1)) / correction1 / root),
        scale: scale === 1 ? null : tf.scalar(scale),
      };
      for (const [name, gradient] of gradients) this.#updateOne(name, gradient, learningRate, constants);
    });
  }

  #updateOne(name: string, gradient: Tensor, learningRate: number, constants: UpdateConstants): void {
    const parameter = this.#parameters.get(name);
    const moments = this.#moments.get(name);
    if (parameter === undefined || moments === undefined) throw new Error(`no such parameter: ${name}`);
    tf.tidy(() => {
      const scaled = constants.scale === null ? gradient : tf.mul(gradient, constants.scale);
      const first = tf.add(tf.mul(moments.first, constants.beta1), scaled);
      const second = tf.add(tf.mul(moments.second, constants.beta2), tf.square(scaled));
      const direction = tf.div(first, tf.add(tf.sqrt(second), constants.epsilon));
      const decayed = this.#decay(parameter, learningRate);
      parameter.assign(tf.sub(decayed, tf.mul(direction, constants.rate)));
      moments.first.dispose();
      moments.second.dispose();
      moments.first = tf.keep(first);
      moments.second = tf.keep(second);
    });
  }

  #decay(parameter: Variable, learningRate: number): Tensor {
    const { weightDecay } = this.#spec;
    return weightDecay === 0 || parameter.rank < 2 ? parameter : tf.mul(parameter, 1 - learningRate * weightDecay);
  }

  /** The moments as tensors of their own parameters' shapes (`<name>.first`, `<name>.second`); still owned by the optimiser. */
  tensors(): NamedTensorMap {
    const all: NamedTensorMap = {};
    for (const [name, { first, second }] of this.#moments) {
      all[`${name}.first`] = first;
      all[`${name}.second`] = second;
    }
    return all;
  }

  /** Puts a saved state back; takes the tensors over. */
  restore(step: number, tensors: NamedTensorMap): void {
    for (const [name, moments] of this.#moments) {
      const first = tensors[`${name}.first`];
      const second = tensors[`${name}.second`];
      if (first === undefined || second === undefined) throw new Error(`the optimiser's state lacks ${name}`);
      tf.dispose([moments.first, moments.second]);
      moments.first = tf.keep(first);
      moments.second = tf.keep(second);
    }
    this.#step = step;
  }

  dispose(): void {
    for (const { first, second } of this.#moments.values()) tf.dispose([first, second]);
    this.#moments.clear();
  }
}

interface UpdateConstants {
  beta1: Tensor;
  beta2: Tensor;
  epsilon: Tensor;
  rate: Tensor;
  scale: Tensor | null;
}

function zeros(parameter: Variable): Tensor {
  return tf.keep(tf.zeros(parameter.shape));
}
