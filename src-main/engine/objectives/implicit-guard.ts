import type { Variable } from '@tensorflow/tfjs-core';
import type { StepGradients } from '../passes.ts';
import { microBatches, type ObjectiveState, type StepBatch } from './objective.ts';
import type { GuardStep, PairGuard } from './pair-guard.ts';
import type { OnPolicyGuard } from './reward-guard.ts';

/**
 * FlipGuard on implicit rewards next to an algorithm that samples: I(x) = 1[ β·(lp(pre, y_c) − lp(π, y_c)) > ε ], as with DPO, y_c being a
 * response of the prompt itself or of a guard set. The policy's answers play no part; the gate is set in the guard's own pass.
 */
export class ImplicitRewardGuard implements OnPolicyGuard {
  readonly #guard: PairGuard;
  #indices: readonly number[] = [];

  constructor(guard: PairGuard) {
    this.#guard = guard;
  }

  get weight(): number {
    return this.#guard.weight;
  }

  set weight(weight: number) {
    this.#guard.weight = weight;
  }

  gate({ indices }: StepBatch): Promise<void> {
    this.#indices = indices;
    return Promise.resolve();
  }

  async gradients(
    microBatchSize: number,
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients,
  ): Promise<StepGradients> {
    this.#guard.startUpdate();
    let total = sum;
    for (const part of microBatches(this.#indices, microBatchSize)) {
      total = await this.#guard.ownPass(part, new Float32Array(part.length), this.#indices.length, trainable, total);
    }
    return this.#guard.met(total);
  }

  finishStep(): GuardStep {
    return this.#guard.finishStep();
  }

  state(): ObjectiveState {
    return this.#guard.state();
  }

  restore(state: ObjectiveState): void {
    this.#guard.restore(state);
  }
}
