import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import type { KtoSpec } from '../../shared/domain/algorithms.ts';
import type { LabelledSample } from '../data/labelled.ts';
import { ktoLoss } from '../losses/kto.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionLogProbs, layoutFor } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { dropoutInputs, dropoutOf, meanOf, microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

export interface KtoOptions {
  model: CausalLm;
  samples: readonly LabelledSample[];
  /** Reference log-probs in nats, summed over completion tokens: of the samples and, if the loss has a KL, of their mismatched twins. */
  reference: { completions: Float32Array; mismatched: Float32Array };
  spec: KtoSpec;
  ops: NativeOps;
  dropoutSeed?: DropoutSeed | undefined;
  checkpointing?: boolean | undefined;
}

/**
 * KTO (Ethayarajh et al. 2024) on completions with a thumb up or down. z₀ is the mean log-ratio of the micro-batch's prompts with
 * completions of other prompts, at least 0 and without a gradient, as in TRL. Which completion a prompt is mismatched with does not change
 * during a run, so that the reference is evaluated only once.
 */
export class KtoObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: KtoOptions;
  readonly #passes: Passes;

  constructor(options: KtoOptions) {
    this.#options = options;
    this.#passes = new Passes(options.ops, options.model);
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map(({ sequence }) => sequence.ids.length);
    this.trainable = options.model.trainable;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const log = new SampleLog<'trained'>();
    const zeros: number[] = [];
    let sum: StepGradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      const zero = this.#options.spec.loss === 'kto' ? await this.#zero(indices) : 0;
      zeros.push(...indices.map(() => zero));
      sum = await this.#pass(indices, zero, batch, log, sum);
    }
    if (sum === null) throw new Error('a step needs samples');
    const loss = meanOf(log.column('loss'));
    await apply(sum.gradients, loss, sum.norm);
    return {
      metrics: { loss, kl: meanOf(zeros), ...this.#byLabel(batch.indices, log) },
      tables: { trained: log.table() },
      tokens: batch.indices.reduce((total, index) => total + (this.lengths[index] as number), 0),
    };
  }

  /** z₀ of a micro-batch, in nats. */
  async #zero(indices: readonly number[]): Promise<number> {
    const { model, ops, samples, reference } = this.#options;
    const sequences = indices.map((index) => (samples[index] as LabelledSample).mismatched);
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const task = {
      key: `kto mismatched ${JSON.stringify(layout.form)}`,
      inputs: batchInputs(model, layout),
      build: (tensors: PassTensors) => ({
        told: completionLogProbs(model, batchOf(layout.form, tensors), { ops }).sums,
      }),
    };
    const sums = await this.#passes.measure(task);
    const ratios = indices.map((index, i) => (sums[i] as number) - (reference.mismatched[index] as number));
    return Math.max(0, meanOf(ratios));
  }

  async #pass(
    indices: readonly number[],
    zero: number,
    batch: StepBatch,
    log: SampleLog<'trained'>,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, ops, samples, reference, spec, checkpointing } = this.#options;
    const rows = indices.map((index) => samples[index] as LabelledSample);
    const sequences: CompletionSequence[] = rows.map(({ sequence }) => sequence);
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const seed = this.#options.dropoutSeed?.(batch.step, log.sampleIds.length);
    const referenceNats = indices.map((index) => reference.completions[index] as number);
    const task = {
      key: `kto ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(seed),
        reference: Float32Array.from(referenceNats),
        desirable: Float32Array.from(rows, ({ desirable }) => (desirable ? 1 : 0)),
        zero: Float32Array.of(zero),
        'step size': Float32Array.of(batch.indices.length),
      },
      build: (tensors: PassTensors) => {
        const dropout = dropoutOf(tensors, seed);
        const { sums } = completionLogProbs(model, batchOf(layout.form, tensors), { ops, checkpointing, dropout });
        const parts = {
          policy: sums,
          reference: tensors['reference']!,
          desirable: tensors['desirable']!,
          zero: tensors['zero']!,
        };
        const losses = ktoLoss(parts, spec);
        return {
          told: tf.concat([losses, sums]),
          loss: tf.squeeze(tf.div(tf.sum(losses), tensors['step size']!)) as Scalar,
        };
      },
    };
    const { told, sum } = await this.#passes.gradients(task, this.trainable, before);
    const [losses, logProbs] = [told.subarray(0, rows.length), told.subarray(rows.length)];
    const gains = referenceNats.map((nats, i) => (logProbs[i] as number) - nats);
    log.add(
      indices.map((index) => this.sampleIds[index] as string),
      {
        loss: losses,
        logps: logProbs,
        rewards: gains.map((nats) => spec.beta * nats),
        'kl/pre': gains.map((nats) => -nats),
      },
    );
    return sum;
  }

  /** Means over the completions of each label, where the step has any: TRL's names. */
  #byLabel(indices: readonly number[], log: SampleLog<'trained'>): StepOutcome['metrics'] {
    const { samples } = this.#options;
    const mean = (values: readonly number[], desirable: boolean) => {
      const own = values.filter((_, i) => (samples[indices[i] as number] as LabelledSample).desirable === desirable);
      return own.length === 0 ? undefined : meanOf(own);
    };
    const [rewards, logps] = [log.column('rewards'), log.column('logps')];
    const [chosen, rejected] = [mean(rewards, true), mean(rewards, false)];
    const [chosenLogps, rejectedLogps] = [mean(logps, true), mean(logps, false)];
    return {
      rewards: meanOf(rewards),
      'kl/pre': meanOf(log.column('kl/pre')),
      ...(chosen === undefined ? {} : { 'rewards/chosen': chosen }),
      ...(rejected === undefined ? {} : { 'rewards/rejected': rejected }),
      ...(chosen === undefined || rejected === undefined ? {} : { 'rewards/margins': chosen - rejected }),
      ...(chosenLogps === undefined ? {} : { 'logps/chosen': chosenLogps }),
      ...(rejectedLogps === undefined ? {} : { 'logps/rejected': rejectedLogps }),
    };
  }

  state(): ObjectiveState {
    return {};
  }

  restore(): void {
    // Everything a resumed run needs is in the data position.
  }

  /** The model and its reference belong to whoever loaded them. */
  dispose(): void {
    this.#passes.dispose();
  }
}
