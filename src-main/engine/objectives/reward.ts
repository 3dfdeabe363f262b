import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { PreferenceSample } from '../data/tokenise.ts';
import { rewardLoss } from '../losses/reward.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { Gradients } from '../optim/adamw.ts';
import { addGradients, lossGradients } from '../optim/gradients.ts';
import { sequenceRewards } from '../reward-model.ts';
import { microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

export interface RewardOptions {
  /** A decoder with a scalar head (`toRewardModel`). */
  model: CausalLm;
  samples: readonly PreferenceSample[];
  centerWeight: number;
  dropoutSeed?: DropoutSeed | undefined;
}

/** Reward modelling on pairs (Bradley–Terry). */
export class RewardObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: RewardOptions;

  constructor(options: RewardOptions) {
    this.#options = options;
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map((sample) => sample.chosen.ids.length + sample.rejected.ids.length);
    this.trainable = options.model.trainable;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const log = new SampleLog<'trained'>();
    let gradients: Gradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      gradients = addGradients(gradients, await this.#pass(indices, batch, log));
    }
    if (gradients === null) throw new Error('a step needs samples');
    const metrics = log.means();
    await apply(gradients, metrics['loss'] as number);
    return {
      metrics,
      tables: { trained: log.table() },
      tokens: batch.indices.reduce((sum, index) => sum + (this.lengths[index] as number), 0),
    };
  }

  async #pass(indices: number[], batch: StepBatch, log: SampleLog<'trained'>): Promise<Gradients> {
    const { model, samples, centerWeight } = this.#options;
    const pairs = indices.map((index) => samples[index] as PreferenceSample);
    const sequences = [...pairs.map(({ chosen }) => chosen), ...pairs.map(({ rejected }) => rejected)];
    const count = indices.length;
    const dropoutSeed = this.#options.dropoutSeed?.(batch.step, log.sampleIds.length);
    let measured: Tensor1D | undefined;
    const { value, gradients } = lossGradients(this.trainable, () => {
      const rewards = sequenceRewards(model, sequences, { dropoutSeed });
      const losses = rewardLoss(tf.slice(rewards, [0], [count]), tf.slice(rewards, [count], [count]), centerWeight);
      measured = tf.keep(tf.concat([losses, rewards]));
      return tf.div(tf.sum(losses), batch.indices.length) as Scalar;
    });
    if (measured === undefined) throw new Error('the loss did not run');
    const numbers = (await measured.data()) as Float32Array;
    tf.dispose([measured, value]);
    const chosen = numbers.subarray(count, 2 * count);
    const rejected = numbers.subarray(2 * count);
    const margins = chosen.map((reward, i) => reward - (rejected[i] as number));
    log.add(
      indices.map((index) => this.sampleIds[index] as string),
      {
        loss: numbers.subarray(0, count),
        'rewards/chosen': chosen,
        'rewards/rejected': rejected,
        'rewards/margins': margins,
        'rewards/accuracies': margins.map((margin) => (margin > 0 ? 1 : 0)),
      },
    );
    return gradients;
  }

  state(): ObjectiveState {
    return {};
  }

  restore(): void {
    // Everything a resumed run needs is in the data position.
  }

  dispose(): void {
    // The model belongs to whoever loaded it.
  }
}
