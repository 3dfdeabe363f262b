import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import type { PreferenceSample } from '../data/tokenise.ts';
import { rewardLoss } from '../losses/reward.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { batchInputs, batchOf, layoutFor } from '../losses/token-log-probs.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { scoredParts, sequenceRewards } from '../reward-model.ts';
import { dropoutInputs, dropoutOf, microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

export interface RewardOptions {
  /** A decoder with a scalar head (`toRewardModel`). */
  model: CausalLm;
  samples: readonly PreferenceSample[];
  centerWeight: number;
  ops?: NativeOps;
  dropoutSeed?: DropoutSeed | undefined;
  checkpointing?: boolean | undefined;
}

/** Reward modelling on pairs (Bradley–Terry). */
export class RewardObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: RewardOptions;
  readonly #passes: Passes;

  constructor(options: RewardOptions) {
    this.#options = options;
    this.#passes = new Passes(options.ops ?? {}, options.model);
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map((sample) => sample.chosen.ids.length + sample.rejected.ids.length);
    this.trainable = options.model.trainable;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const log = new SampleLog<'trained'>();
    let sum: StepGradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      sum = await this.#pass(indices, batch, log, sum);
    }
    if (sum === null) throw new Error('a step needs samples');
    const metrics = log.means();
    await apply(sum.gradients, metrics['loss'] as number, sum.norm);
    return {
      metrics,
      tables: { trained: log.table() },
      tokens: batch.indices.reduce((total, index) => total + (this.lengths[index] as number), 0),
    };
  }

  async #pass(
    indices: number[],
    batch: StepBatch,
    log: SampleLog<'trained'>,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, samples, centerWeight, ops, checkpointing } = this.#options;
    const pairs = indices.map((index) => samples[index] as PreferenceSample);
    const sequences = [...pairs.map(({ chosen }) => chosen), ...pairs.map(({ rejected }) => rejected)];
    const count = indices.length;
    const number = this.#options.dropoutSeed?.(batch.step, log.sampleIds.length);
    const layout = layoutFor(model, scoredParts(model, sequences), this.#passes.rounded);
    const task = {
      key: `reward ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(number),
        'step size': Float32Array.of(batch.indices.length),
      },
      build: (tensors: PassTensors) => {
        const forward = { ops, checkpointing, dropout: dropoutOf(tensors, number) };
        const rewards = sequenceRewards(model, batchOf(layout.form, tensors), forward);
        const losses = rewardLoss(tf.slice(rewards, [0], [count]), tf.slice(rewards, [count], [count]), centerWeight);
        return {
          told: tf.concat([losses, rewards]),
          loss: tf.squeeze(tf.div(tf.sum(losses), tensors['step size']!)) as Scalar,
        };
      },
    };
    const { told: numbers, sum } = await this.#passes.gradients(task, this.trainable, before);
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
    return sum;
  }

  state(): ObjectiveState {
    return {};
  }

  restore(): void {
    // Everything a resumed run needs is in the data position.
  }

  /** The model belongs to whoever loaded it. */
  dispose(): void {
    this.#passes.dispose();
  }
}
