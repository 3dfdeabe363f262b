import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { OrpoSpec, SimpoSpec } from '../../shared/domain/algorithms.ts';
import { assertNever } from '../../shared/domain/errors.ts';
import type { PreferenceSample } from '../data/tokenise.ts';
import { headLogProbs } from '../losses/head.ts';
import { type BatchLayout, completionLength, type CompletionSequence } from '../losses/layout.ts';
import { logOddsRatio, simpoLoss } from '../losses/reference-free.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { dropoutInputs, dropoutOf, microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

export interface ReferenceFreeOptions {
  model: CausalLm;
  samples: readonly PreferenceSample[];
  spec: OrpoSpec | SimpoSpec;
  ops: NativeOps;
  dropoutSeed?: DropoutSeed | undefined;
  checkpointing?: boolean | undefined;
}

/** Columns that a pass reports for every pair, in this order. */
const columns = ['loss', 'chosen', 'rejected', 'nll', 'oddsRatio'] as const;
type PairColumns = Record<(typeof columns)[number], Float32Array>;

/**
 * ORPO and SimPO: preference losses on mean log-probs per token, without a reference. ORPO adds the NLL of the chosen text, prompt
 * included, as TRL's ORPOTrainer does; SimPO, if asked to, that of the chosen response. Means over tokens are those of the whole step.
 */
export class ReferenceFreeObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: ReferenceFreeOptions;
  readonly #passes: Passes;

  constructor(options: ReferenceFreeOptions) {
    this.#options = options;
    this.#passes = new Passes(options.ops, options.model);
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map((sample) => sample.chosen.ids.length + sample.rejected.ids.length);
    this.trainable = options.model.trainable;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const log = new SampleLog<'trained'>();
    const nllTokens = batch.indices.reduce((sum, index) => sum + completionLength(this.#chosen(index)), 0);
    let sum: StepGradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      sum = await this.#pass(indices, batch, nllTokens, log, sum);
    }
    if (sum === null) throw new Error('a step needs samples');
    const means = log.means();
    await apply(sum.gradients, means.loss as number, sum.norm);
    return {
      metrics: means,
      tables: { trained: log.table() },
      tokens: batch.indices.reduce((total, index) => total + (this.lengths[index] as number), 0),
    };
  }

  async #pass(
    indices: number[],
    batch: StepBatch,
    nllTokens: number,
    log: SampleLog<'trained'>,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, ops, samples, checkpointing } = this.#options;
    const pairs = indices.length;
    const rejected = indices.map((index) => (samples[index] as PreferenceSample).rejected);
    const sequences = [...indices.map((index) => this.#chosen(index)), ...rejected];
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const seed = this.#options.dropoutSeed?.(batch.step, log.sampleIds.length);
    const responseTokens = [
      ...indices.map((index) => completionLength((samples[index] as PreferenceSample).chosen)),
      ...rejected.map(completionLength),
    ];
    const task = {
      key: `reference-free ${JSON.stringify([layout.form, pairs])}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(seed),
        'response tokens': Float32Array.from(responseTokens, (tokens) => Math.max(1, tokens)),
        'of a response': responseMask(layout, responseTokens),
        // The NLL of a step is a mean over its tokens, and the loss of a step a mean over its pairs.
        'nll share': Float32Array.of(batch.indices.length / Math.max(1, nllTokens)),
        'step size': Float32Array.of(batch.indices.length),
      },
      build: (tensors: PassTensors) => {
        const passed = batchOf(layout.form, tensors);
        const hidden = completionHidden(model, passed, { ops, checkpointing, dropout: dropoutOf(tensors, seed) });
        const logProbs = headLogProbs(model, hidden, passed.labels, { ops });
        const responses = sumPerSequence(tf.mul(logProbs, tensors['of a response']!), passed);
        const means: Tensor1D = tf.div(responses, tensors['response tokens']!);
        const mean = {
          chosen: tf.slice(means, [0], [pairs]),
          rejected: tf.slice(means, [pairs], [pairs]),
        };
        const all: Tensor1D = tf.slice(sumPerSequence(logProbs, passed), [0], [pairs]);
        const nll: Tensor1D = tf.neg(tf.mul(all, tensors['nll share']!));
        const odds = logOddsRatio(mean);
        const losses = this.#losses(mean, odds, nll);
        return {
          told: tf.concat([losses, responses, nll, odds]),
          loss: tf.squeeze(tf.div(tf.sum(losses), tensors['step size']!)) as Scalar,
        };
      },
    };
    const { told, sum } = await this.#passes.gradients(task, this.trainable, before);
    const read = Object.fromEntries(
      columns.map((name, i) => [name, told.subarray(i * pairs, (i + 1) * pairs)]),
    ) as PairColumns;
    this.#log(log, indices, read, responseTokens);
    return sum;
  }

  #losses(mean: { chosen: Tensor1D; rejected: Tensor1D }, odds: Tensor1D, nll: Tensor1D): Tensor1D {
    const { spec } = this.#options;
    switch (spec.kind) {
      case 'orpo':
        // −log σ(odds ratio), weighted, next to the NLL: Hong et al. 2024 eq. 6.
        return tf.add(nll, tf.mul(tf.softplus(tf.neg(odds)), spec.beta));
      case 'simpo': {
        const preference = simpoLoss(mean, spec);
        return spec.nllWeight === 0 ? preference : tf.add(preference, tf.mul(nll, spec.nllWeight));
      }
      default:
        return assertNever(spec);
    }
  }

  #log(log: SampleLog<'trained'>, indices: readonly number[], read: PairColumns, tokens: readonly number[]): void {
    const { beta, kind } = this.#options.spec;
    const pairs = indices.length;
    const reward = (sums: Float32Array, first: number) =>
      Array.from(sums, (nats, i) => (beta * nats) / Math.max(1, tokens[first + i] as number));
    const [chosen, rejected] = [reward(read.chosen, 0), reward(read.rejected, pairs)];
    const margins = chosen.map((value, i) => value - (rejected[i] as number));
    log.add(
      indices.map((index) => this.sampleIds[index] as string),
      {
        loss: read.loss,
        'rewards/chosen': chosen,
        'rewards/rejected': rejected,
        'rewards/margins': margins,
        'rewards/accuracies': margins.map((margin) => (margin > 0 ? 1 : 0)),
        'logps/chosen': read.chosen,
        'logps/rejected': read.rejected,
        nll_loss: read.nll,
        ...(kind === 'orpo' ? { log_odds_chosen: read.oddsRatio } : {}),
      },
    );
  }

  /** The chosen text as its NLL is taken: under ORPO from the first token on. */
  #chosen(index: number): CompletionSequence {
    const { chosen } = this.#options.samples[index] as PreferenceSample;
    return this.#options.spec.kind === 'orpo' ? { ids: chosen.ids, from: 0 } : chosen;
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

/** 1 at the tokens of responses, the last so many of each sequence; 0 at those of prompts and in padding. */
function responseMask({ form, starts, counts }: BatchLayout, responseTokens: readonly number[]): Float32Array {
  const mask = new Float32Array(form.tokens);
  starts.forEach((start, row) => {
    const end = start + (counts[row] as number);
    mask.fill(1, end - (responseTokens[row] as number), end);
  });
  return mask;
}
