import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { CompletionSample } from '../data/tokenise.ts';
import { completionLength, layoutBatch } from '../losses/layout.ts';
import { sftLoss } from '../losses/sft.ts';
import { completionLogProbs } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { Gradients } from '../optim/adamw.ts';
import { addGradients, lossGradients } from '../optim/gradients.ts';
import type { NativeOps } from '../ports.ts';
import { microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

export interface SftOptions {
  model: CausalLm;
  samples: readonly CompletionSample[];
  ops: NativeOps;
  dropoutSeed?: DropoutSeed | undefined;
}

/** Supervised fine-tuning: the mean NLL over the step's completion tokens. */
export class SftObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: SftOptions;

  constructor(options: SftOptions) {
    this.#options = options;
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map((sample) => sample.sequence.ids.length);
    this.trainable = options.model.trainable;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const log = new SampleLog<'trained'>();
    const stepTokens = batch.indices.reduce((sum, index) => sum + this.#completionTokens(index), 0);
    let gradients: Gradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      gradients = addGradients(gradients, await this.#pass(indices, batch.step, stepTokens, log));
    }
    if (gradients === null) throw new Error('a step needs samples');
    const logProbs = log.column('logps');
    const loss = -logProbs.reduce((sum, x) => sum + x, 0) / stepTokens;
    await apply(gradients, loss);
    return {
      metrics: { ...log.means(), loss, completion_tokens: stepTokens },
      tables: { trained: log.table() },
      tokens: batch.indices.reduce((sum, index) => sum + (this.lengths[index] as number), 0),
    };
  }

  async #pass(indices: number[], step: number, stepTokens: number, log: SampleLog<'trained'>): Promise<Gradients> {
    const { model, ops, samples, dropoutSeed } = this.#options;
    const layout = layoutBatch(indices.map((index) => (samples[index] as CompletionSample).sequence));
    const options = { ops, dropoutSeed: dropoutSeed?.(step, log.sampleIds.length) };
    let sums: Tensor1D | undefined;
    const { value, gradients } = lossGradients(this.trainable, () => {
      sums = tf.keep(completionLogProbs(model, layout, options).sums);
      return tf.sum(sftLoss(sums, stepTokens)) as Scalar;
    });
    if (sums === undefined) throw new Error('the loss did not run');
    const logProbs = (await sums.data()) as Float32Array;
    tf.dispose([sums, value]);
    log.add(
      indices.map((index) => this.sampleIds[index] as string),
      { loss: logProbs.map((x, i) => -x / Math.max(1, layout.counts[i] as number)), logps: logProbs },
    );
    return gradients;
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

  dispose(): void {
    // The model belongs to whoever loaded it.
  }
}
