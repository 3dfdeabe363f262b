import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import type { CompletionSample } from '../data/tokenise.ts';
import { completionLength } from '../losses/layout.ts';
import { sftLoss } from '../losses/sft.ts';
import { batchInputs, batchOf, completionLogProbs, layoutFor } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { dropoutInputs, dropoutOf, microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

export interface SftOptions {
  model: CausalLm;
  samples: readonly CompletionSample[];
  ops: NativeOps;
  dropoutSeed?: DropoutSeed | undefined;
  checkpointing?: boolean | undefined;
}

/** Supervised fine-tuning: the mean NLL over the step's completion tokens. */
export class SftObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: SftOptions;
  readonly #passes: Passes;

  constructor(options: SftOptions) {
    this.#options = options;
    this.#passes = new Passes(options.ops, options.model);
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map((sample) => sample.sequence.ids.length);
    this.trainable = options.model.trainable;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const log = new SampleLog<'trained'>();
    const stepTokens = batch.indices.reduce((sum, index) => sum + this.#completionTokens(index), 0);
    let sum: StepGradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      sum = await this.#pass(indices, batch.step, stepTokens, log, sum);
    }
    if (sum === null) throw new Error('a step needs samples');
    const logProbs = log.column('logps');
    const loss = -logProbs.reduce((total, x) => total + x, 0) / stepTokens;
    await apply(sum.gradients, loss, sum.norm);
    return {
      metrics: { ...log.means(), loss, completion_tokens: stepTokens },
      tables: { trained: log.table() },
      tokens: batch.indices.reduce((total, index) => total + (this.lengths[index] as number), 0),
    };
  }

  async #pass(
    indices: number[],
    step: number,
    stepTokens: number,
    log: SampleLog<'trained'>,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, ops, samples, dropoutSeed, checkpointing } = this.#options;
    const sequences = indices.map((index) => (samples[index] as CompletionSample).sequence);
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const number = dropoutSeed?.(step, log.sampleIds.length);
    const task = {
      key: `sft ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(number),
        'step tokens': Float32Array.of(stepTokens),
      },
      build: (tensors: PassTensors) => {
        const dropout = dropoutOf(tensors, number);
        const { sums } = completionLogProbs(model, batchOf(layout.form, tensors), { ops, checkpointing, dropout });
        return { told: sums, loss: tf.sum(sftLoss(sums, tensors['step tokens']!)) as Scalar };
      },
    };
    const { told: logProbs, sum } = await this.#passes.gradients(task, this.trainable, before);
    log.add(
      indices.map((index) => this.sampleIds[index] as string),
      { loss: logProbs.map((x, i) => -x / Math.max(1, layout.counts[i] as number)), logps: logProbs },
    );
    return sum;
  }

  #completionTokens(index: number): number {
    return completionLength((this.#options.samples[index] as CompletionSample).sequence);
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
