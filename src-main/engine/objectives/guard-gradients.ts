import type { StepMetrics } from '../../shared/domain/metrics.ts';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { meet, type Met } from '../optim/meet.ts';
import type { StepGradients } from '../passes.ts';
import { meanOf } from './objective.ts';

/** How a guard's gradients are combined with those of training: added to them, or kept apart until the two meet. */
export class GuardGradients {
  /** Null if they are added. */
  readonly how: 'project' | 'agree' | null;
  #own: StepGradients | null = null;
  #met: Met[] = [];

  constructor({ combine = 'add' }: Pick<GuardSpec, 'combine'>) {
    this.how = combine === 'add' ? null : combine;
  }

  /** Factors of the instances' losses, given the λ of each: if gradients meet, λ only says whether they do. */
  factors(weights: Float32Array, instances: number): Float32Array {
    return weights.map((weight) => (this.how === null ? weight : Math.sign(weight)) / instances);
  }

  /** Training's gradients after a pass of the guard, which adds its own to the sum that it is given. */
  async take(
    training: StepGradients,
    pass: (sum: StepGradients | null) => Promise<StepGradients | null>,
  ): Promise<StepGradients> {
    if (this.how === null) return (await pass(training)) ?? training;
    this.#own = await pass(this.#own);
    return training;
  }

  /** Before an update: training's gradients as the guard's leave them. */
  async met(training: StepGradients): Promise<StepGradients> {
    const own = this.#own;
    this.#own = null;
    if (this.how === null || own === null) return training;
    const met = await meet(training.gradients, own.gradients, this.how);
    this.#met.push(met);
    return met;
  }

  /** Figures of the step's updates; starts the next step's. */
  finishStep(): StepMetrics {
    const met = this.#met;
    this.#met = [];
    if (met.length === 0) return {};
    return {
      'guard/cosine': meanOf(met.map(({ cosine }) => cosine)),
      'guard/removed': meanOf(met.map(({ removed }) => removed)),
    };
  }
}
