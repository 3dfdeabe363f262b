import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { AdamNumbers, AdamSlot } from '../ports.ts';

/** Adam's state of one parameter from tfjs-core's own operations: what backends without a kernel of their own use. */
export class ComposedAdamSlot implements AdamSlot {
  readonly #parameter: Variable;
  #first: Tensor;
  #second: Tensor;

  constructor(parameter: Variable) {
    this.#parameter = parameter;
    this.#first = tf.keep(tf.zeros(parameter.shape));
    this.#second = tf.keep(tf.zeros(parameter.shape));
  }

  /** lr·m̂ / (√v̂ + ε), with the corrections 1/(1 − βᵗ) of both moments folded into the rate and ε. */
  update(gradient: Tensor, numbers: AdamNumbers): void {
    const { beta1, beta2, step, learningRate, epsilon, decay } = numbers;
    const root = Math.sqrt(1 - beta2 ** step);
    tf.tidy(() => {
      const first = tf.add(tf.mul(this.#first, beta1), tf.mul(gradient, 1 - beta1));
      const second = tf.add(tf.mul(this.#second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const direction = tf.div(first, tf.add(tf.sqrt(second), epsilon * root));
      const decayed = decay === 1 ? this.#parameter : tf.mul(this.#parameter, decay);
      this.#parameter.assign(tf.sub(decayed, tf.mul(direction, (learningRate * root) / (1 - beta1 ** step))));
      this.#replace(first, second);
    });
  }

  moments(): { first: Tensor; second: Tensor } {
    return { first: tf.clone(this.#first), second: tf.clone(this.#second) };
  }

  restore(first: Tensor, second: Tensor): void {
    this.#replace(tf.clone(first), tf.clone(second));
  }

  dispose(): void {
    tf.dispose([this.#first, this.#second]);
  }

  #replace(first: Tensor, second: Tensor): void {
    this.dispose();
    this.#first = tf.keep(first);
    this.#second = tf.keep(second);
  }
}
