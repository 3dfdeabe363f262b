import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { OptimizerSpec } from '../../shared/domain/run-spec.ts';
import type { AdamSlot, AdamTogether, NativeOps } from '../ports.ts';
import { ComposedAdamSlot } from './adam-slot.ts';

/** Gradients by parameter name, each of its parameter's shape. */
export type Gradients = Map<string, Tensor>;

type AdamWSpec = Pick<OptimizerSpec, 'weightDecay' | 'beta1' | 'beta2' | 'epsilon'>;

/** Names of the moments in a checkpoint, torch's own. */
const saved = { first: 'exp_avg', second: 'exp_avg_sq' };

/**
 * AdamW with decoupled decay (Loshchilov & Hutter 2019), the update of torch.optim.AdamW. Decay leaves vectors (norms, biases) alone.
 */
export class AdamW {
  readonly #spec: AdamWSpec;
  readonly #slots = new Map<string, { parameter: Variable; slot: AdamSlot }>();
  readonly #together: AdamTogether | undefined;
  #step = 0;

  constructor(
    parameters: ReadonlyMap<string, Variable>,
    spec: AdamWSpec,
    ops: Pick<NativeOps, 'adamSlot' | 'adamTogether'> = {},
  ) {
    this.#spec = spec;
    this.#together = ops.adamTogether?.();
    for (const [name, parameter] of parameters) {
      const slot = ops.adamSlot?.(parameter) ?? new ComposedAdamSlot(parameter);
      this.#slots.set(name, { parameter, slot });
    }
  }

  /** Updates made so far. */
  get step(): number {
    return this.#step;
  }

  /** One update. `scale` multiplies every gradient (clipping). */
  update(gradients: Gradients, learningRate: number, scale = 1): void {
    this.#step++;
    const { beta1, beta2, epsilon, weightDecay } = this.#spec;
    const alike = { beta1, beta2, epsilon, learningRate, step: this.#step };
    const parts = [...gradients].map(([name, gradient]) => {
      const found = this.#slots.get(name);
      if (found === undefined) throw new Error(`no such parameter: ${name}`);
      const decay = found.parameter.rank < 2 ? 1 : 1 - learningRate * weightDecay;
      return { slot: found.slot, gradient, numbers: { ...alike, decay } };
    });
    const together = {
      slots: parts.map(({ slot }) => slot),
      gradients: parts.map(({ gradient }) => gradient),
      numbers: parts.map(({ numbers }) => numbers),
      scale,
    };
    if (this.#together?.update(together) === true) return;
    for (const { slot, gradient, numbers } of parts)
      tf.tidy(() => slot.update(scale === 1 ? gradient : tf.mul(gradient, scale), numbers));
  }

  /** The moments by `<name>.exp_avg` and `<name>.exp_avg_sq`; the caller disposes them. */
  tensors(): NamedTensorMap {
    const all: NamedTensorMap = {};
    for (const [name, { slot }] of this.#slots) {
      const { first, second } = slot.moments();
      all[`${name}.${saved.first}`] = first;
      all[`${name}.${saved.second}`] = second;
    }
    return all;
  }

  /** Restores a saved state; disposes the tensors. */
  restore(step: number, tensors: NamedTensorMap): void {
    for (const [name, { slot }] of this.#slots) {
      const { first, second } = this.#savedMoments(name, tensors);
      slot.restore(first, second);
      tf.dispose([first, second]);
    }
    tf.dispose(tensors);
    this.#step = step;
  }

  #savedMoments(name: string, tensors: NamedTensorMap): { first: Tensor; second: Tensor } {
    const first = tensors[`${name}.${saved.first}`];
    const second = tensors[`${name}.${saved.second}`];
    if (first !== undefined && second !== undefined) return { first, second };
    // Checkpoints of version 0.1.0 hold m/(1 − β1) and v/(1 − β2).
    const before = { first: tensors[`${name}.first`], second: tensors[`${name}.second`] };
    if (before.first === undefined || before.second === undefined)
      throw new Error(`the optimiser's state lacks ${name}`);
    const { beta1, beta2 } = this.#spec;
    return { first: tf.mul(before.first, 1 - beta1), second: tf.mul(before.second, 1 - beta2) };
  }

  dispose(): void {
    this.#together?.dispose();
    for (const { slot } of this.#slots.values()) slot.dispose();
    this.#slots.clear();
  }
}
