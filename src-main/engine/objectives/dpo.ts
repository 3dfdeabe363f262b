import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { DpoSpec } from '../../shared/domain/algorithms.ts';
import type { PreferenceSample } from '../data/tokenise.ts';
import { logProbRounding } from '../guard/guard.ts';
import { dpoLoss, type PairLogProbs } from '../losses/dpo.ts';
import { completionLength } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassInputs, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { headOf } from './divergence.ts';
import type { GuardNumbers } from './own-pass.ts';
import type { PairGuard } from './pair-guard.ts';
import { dropoutInputs, dropoutOf, microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

/** Reference log-probs of every sample, in nats, summed over completion tokens. */
export interface ReferenceLogProbs {
  chosen: Float32Array;
  rejected: Float32Array;
}

export interface DpoOptions {
  model: CausalLm;
  samples: readonly PreferenceSample[];
  reference: ReferenceLogProbs;
  spec: DpoSpec;
  guard: PairGuard | null;
  ops: NativeOps;
  dropoutSeed?: DropoutSeed | undefined;
  checkpointing?: boolean | undefined;
}

/** What one micro-batch of pairs measured, as plain numbers. */
interface PairNumbers {
  losses: Float32Array;
  chosen: Float32Array;
  rejected: Float32Array;
  /** Empty unless a guard rode along. */
  guard: GuardNumbers;
}

/** DPO, alone or under a guard. Chosen and rejected responses go through the model in one batch, as in TRL. */
export class DpoObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: DpoOptions;
  readonly #passes: Passes;

  constructor(options: DpoOptions) {
    this.#options = options;
    this.#passes = new Passes(options.ops, options.model);
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map((sample) => sample.chosen.ids.length + sample.rejected.ids.length);
    this.trainable = options.model.trainable;
  }

  get guardWeight(): number | undefined {
    return this.#options.guard?.weight;
  }

  set guardWeight(weight: number | undefined) {
    if (this.#options.guard !== null && weight !== undefined) this.#options.guard.weight = weight;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const { guard } = this.#options;
    const log = new SampleLog<'trained'>();
    let sum: StepGradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      const pass = await this.#pairPass(indices, batch, log, sum);
      sum = pass.sum;
      if (guard === null || guard.ridesAlong) continue;
      sum = await guard.ownPass(indices, pass.marginFalls, batch.indices.length, this.trainable, sum);
    }
    if (sum === null) throw new Error('a step needs samples');
    sum = (await guard?.met(sum)) ?? sum;
    const alignment = log.means();
    const guarded = guard?.finishStep();
    const loss = (alignment['loss'] as number) + (guarded?.weightedLoss ?? 0);
    await apply(sum.gradients, loss, sum.norm);
    return {
      metrics: { ...alignment, loss, ...guarded?.metrics },
      ...(guarded === undefined ? {} : { others: guarded.others }),
      tables: { trained: log.table(), ...(guarded === undefined ? {} : { guarded: guarded.table }) },
      tokens: batch.indices.reduce((sum, index) => sum + (this.lengths[index] as number), 0),
    };
  }

  /** Gradients of one micro-batch of pairs, with the guard's term where the guard rides along. */
  async #pairPass(indices: number[], batch: StepBatch, log: SampleLog<'trained'>, before: StepGradients | null) {
    const { model, ops, guard, spec, checkpointing } = this.#options;
    const samples = indices.map((index) => this.#options.samples[index] as PreferenceSample);
    const sequences = [...samples.map(({ chosen }) => chosen), ...samples.map(({ rejected }) => rejected)];
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const number = this.#options.dropoutSeed?.(batch.step, log.sampleIds.length);
    const held = guard?.ridesAlong === true ? guard.chosenOf(indices, this.#passes.rounded) : null;
    const pulls = guard !== null && !guard.isIdle;
    const build = (tensors: PassTensors) => {
      const passed = batchOf(layout.form, tensors);
      const hidden = completionHidden(model, passed, { ops, checkpointing, dropout: dropoutOf(tensors, number) });
      const before = held === null ? null : (guard?.comparedWith(held, tensors) ?? null);
      const { logProbs, kl } = headOf(model, hidden, passed.labels, before, ops);
      const sums = sumPerSequence(logProbs, passed);
      const pairs = pairLogProbs(sums, tensors, indices.length);
      const losses = dpoLoss(pairs, spec, logProbRounding);
      const pass = { batch: passed, sums, kl };
      const term = guard === null || held === null ? null : guard.rideAlong(pairs, held, tensors, pass);
      const aligned = tf.sum(losses);
      const guarded =
        term === null || !pulls ? aligned : tf.add(aligned, tf.sum(tf.mul(term.loss, tensors['guard weights']!)));
      return {
        told: tf.concat([losses, sums, ...(term === null ? [] : [term.fired, term.loss, term.fall])]),
        loss: tf.squeeze(tf.div(guarded, tensors['step size']!)) as Scalar,
      };
    };
    const task = {
      key: `dpo ${JSON.stringify([layout.form, held?.layout?.form, pulls, samples.length])}`,
      inputs: {
        ...batchInputs(model, layout),
        ...this.#pairInputs(indices, samples),
        ...held?.inputs,
        ...dropoutInputs(number),
        'step size': Float32Array.of(batch.indices.length),
      },
      build,
    };
    const { told, sum } = await this.#passes.gradients(task, this.trainable, before);
    const pairNumbers = split(told, indices.length);
    const marginFalls = this.#logPairs(log, indices, pairNumbers);
    if (guard?.ridesAlong === true) guard.noteRideAlong(indices, pairNumbers.guard);
    return { sum, marginFalls };
  }

  /** What the loss needs of the reference and the responses, all [pairs]. */
  #pairInputs(indices: number[], samples: PreferenceSample[]): PassInputs {
    const { reference } = this.#options;
    const pick = (values: Float32Array) => Float32Array.from(indices, (index) => values[index] as number);
    const tokens = (which: 'chosen' | 'rejected') =>
      Float32Array.from(samples, (sample) => Math.max(1, completionLength(sample[which])));
    return {
      refChosen: pick(reference.chosen),
      refRejected: pick(reference.rejected),
      chosenTokens: tokens('chosen'),
      rejectedTokens: tokens('rejected'),
    };
  }

  /**
   * Returns how far each pair's margin fell, in reward units. `kl/pre` is the mean of lp(pre, y) − lp(π, y) over the two responses: the k1
   * estimate of KL(pre ‖ π), unbiased if they were sampled from the pre-aligned model.
   */
  #logPairs(log: SampleLog<'trained'>, indices: number[], numbers: PairNumbers): Float32Array {
    const { reference, spec } = this.#options;
    const gain = (logProbs: Float32Array, before: Float32Array) =>
      indices.map((index, i) => (logProbs[i] as number) - (before[index] as number));
    const chosenGain = gain(numbers.chosen, reference.chosen);
    const rejectedGain = gain(numbers.rejected, reference.rejected);
    const chosen = chosenGain.map((nats) => spec.beta * nats);
    const rejected = rejectedGain.map((nats) => spec.beta * nats);
    const margins = chosen.map((value, i) => value - (rejected[i] as number));
    log.add(
      indices.map((index) => this.sampleIds[index] as string),
      {
        loss: numbers.losses,
        'rewards/chosen': chosen,
        'rewards/rejected': rejected,
        'rewards/margins': margins,
        'rewards/accuracies': margins.map((margin, i) => (margin > this.#rounding(numbers, i) ? 1 : 0)),
        'logps/chosen': numbers.chosen,
        'logps/rejected': numbers.rejected,
        'kl/pre': chosenGain.map((nats, i) => -(nats + (rejectedGain[i] as number)) / 2),
      },
    );
    return Float32Array.from(margins, (margin) => -margin);
  }

  /** The margin, in reward units, that means nothing: an unchanged policy prefers neither response. */
  #rounding(numbers: PairNumbers, pair: number): number {
    const logProbs = Math.abs(numbers.chosen[pair] as number) + Math.abs(numbers.rejected[pair] as number);
    return this.#options.spec.beta * logProbs * logProbRounding;
  }

  state(): ObjectiveState {
    return this.#options.guard?.state() ?? {};
  }

  restore(state: ObjectiveState): void {
    this.#options.guard?.restore(state);
  }

  /** Passes of forms that were compiled, and why others were not. */
  get passes(): Passes {
    return this.#passes;
  }

  /** The model and its reference belong to whoever loaded them. */
  dispose(): void {
    this.#passes.dispose();
  }
}

/** sums [chosen then rejected] → the loss's inputs, all [pairs]. */
function pairLogProbs(sums: Tensor1D, tensors: PassTensors, pairs: number): PairLogProbs {
  return {
    chosen: tf.slice(sums, [0], [pairs]),
    rejected: tf.slice(sums, [pairs], [pairs]),
    refChosen: tensors['refChosen']!,
    refRejected: tensors['refRejected']!,
    chosenTokens: tensors['chosenTokens']!,
    rejectedTokens: tensors['rejectedTokens']!,
  };
}

function split(numbers: Float32Array, pairs: number): PairNumbers {
  return {
    losses: numbers.subarray(0, pairs),
    chosen: numbers.subarray(pairs, 2 * pairs),
    rejected: numbers.subarray(2 * pairs, 3 * pairs),
    guard: {
      fired: numbers.subarray(3 * pairs, 4 * pairs),
      loss: numbers.subarray(4 * pairs, 5 * pairs),
      fall: numbers.subarray(5 * pairs, 6 * pairs),
    },
  };
}
