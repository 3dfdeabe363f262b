import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import type { OnlineDpoSpec } from '../../shared/domain/algorithms.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { logProbRounding } from '../guard/guard.ts';
import { dpoLoss } from '../losses/dpo.ts';
import { headLogProbs } from '../losses/head.ts';
import { completionLength, type CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import { answersOf, type Groups, sampleGroups, sumOf } from '../rollouts/groups.ts';
import { answersTold, groupTable, limited } from './groups-told.ts';
import type { OnPolicyOptions } from './on-policy.ts';
import { dropoutInputs, dropoutOf, meanOf, microBatches, type SampleLog } from './objective.ts';
import type { ApplyGradients, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

/** The best and the worst response to a prompt, by reward. */
interface SampledPair {
  chosen: CompletionSequence;
  rejected: CompletionSequence;
  /** Reference log-probs in nats, summed over tokens. */
  refChosen: number;
  refRejected: number;
  /** 0 if all responses have the same reward: such a pair means nothing, and counts for nothing. */
  real: number;
}

/**
 * Online DPO (Guo et al. 2024): the present policy answers every prompt several times, and the preference loss is taken on the best and
 * the worst answer against the frozen reference. As in TRL, log-probs are those of the model itself, whatever the sampling temperature.
 */
export class OnlineDpoObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: OnPolicyOptions<OnlineDpoSpec>;
  readonly #passes: Passes;

  constructor(options: OnPolicyOptions<OnlineDpoSpec>) {
    this.#options = options;
    this.#passes = new Passes(options.ops);
    this.sampleIds = options.samples.map(({ id }) => id);
    this.lengths = options.samples.map(({ ids }) => ids.length + options.spec.maxNewTokens);
    this.trainable = options.model.trainable;
  }

  get guardWeight(): number | undefined {
    return this.#options.guard?.weight;
  }

  set guardWeight(weight: number | undefined) {
    if (this.#options.guard !== null && weight !== undefined) this.#options.guard.weight = weight;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const { guard, spec, samples } = this.#options;
    const prompts = batch.indices.map((index) => samples[index] as PromptSample);
    const { reward } = this.#options;
    const groups = await sampleGroups(prompts, batch.step, { ...this.#options, ...spec, reward, temperature: 1 });
    const pairs = sampledPairs(groups);
    await guard?.gate(batch, answersOf(groups), this.#options.sample, reward);
    const ids = batch.indices.map((index) => this.sampleIds[index] as string);
    const log = groupTable(ids, groups, spec.beta);
    let own: StepGradients | null = null;
    for (const part of microBatches(
      batch.indices.map((_, i) => i),
      batch.microBatchSize,
    )) {
      own = await this.#pass(part, pairs, batch, log, own);
    }
    if (own === null) throw new Error('a step needs samples');
    const loss = meanOf(log.column('loss'));
    const guarded = (await guard?.gradients(batch.microBatchSize, this.trainable, own)) ?? own;
    await limited(guarded, spec.klLimit, meanOf(groups.kl), (sum) => apply(sum.gradients, loss, sum.norm));
    const told = guard?.finishStep();
    return {
      metrics: {
        ...log.means(),
        loss: loss + (told?.weightedLoss ?? 0),
        'pairs/tied': meanOf(pairs.map(({ real }) => 1 - real)),
        ...told?.metrics,
      },
      ...(told === undefined ? {} : { others: told.others }),
      tables: { trained: log.table(), ...(told === undefined ? {} : { guarded: told.table }) },
      answers: answersTold(prompts, groups),
      tokens: groups.rollouts.reduce((sum, { sequence }) => sum + sequence.ids.length, 0),
    };
  }

  async #pass(
    part: readonly number[],
    all: readonly SampledPair[],
    batch: StepBatch,
    log: SampleLog<'trained'>,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, spec, ops, checkpointing } = this.#options;
    const pairs = part.map((i) => all[i] as SampledPair);
    const sequences = [...pairs.map(({ chosen }) => chosen), ...pairs.map(({ rejected }) => rejected)];
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const seed = this.#options.dropoutSeed?.(batch.step, part[0] as number);
    const column = (pick: (pair: SampledPair) => number) => Float32Array.from(pairs, pick);
    const task = {
      key: `online-dpo ${JSON.stringify([layout.form, pairs.length])}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(seed),
        refChosen: column(({ refChosen }) => refChosen),
        refRejected: column(({ refRejected }) => refRejected),
        chosenTokens: column(({ chosen }) => Math.max(1, completionLength(chosen))),
        rejectedTokens: column(({ rejected }) => Math.max(1, completionLength(rejected))),
        real: column(({ real }) => real),
        'step size': Float32Array.of(batch.indices.length),
      },
      build: (tensors: PassTensors) => {
        const passed = batchOf(layout.form, tensors);
        const hidden = completionHidden(model, passed, { ops, checkpointing, dropout: dropoutOf(tensors, seed) });
        const logProbs = headLogProbs(model, hidden, passed.labels, { ops });
        const sums = sumPerSequence(logProbs, passed);
        const parts = {
          chosen: tf.slice(sums, [0], [pairs.length]),
          rejected: tf.slice(sums, [pairs.length], [pairs.length]),
          refChosen: tensors['refChosen']!,
          refRejected: tensors['refRejected']!,
          chosenTokens: tensors['chosenTokens']!,
          rejectedTokens: tensors['rejectedTokens']!,
        };
        const losses = tf.mul(dpoLoss(parts, { ...spec, labelSmoothing: 0, dpop: 0, nllWeight: 0 }), tensors['real']!);
        return {
          told: tf.concat([losses, sums]) as tf.Tensor1D,
          loss: tf.squeeze(tf.div(tf.sum(losses), tensors['step size']!)) as Scalar,
        };
      },
    };
    const { told, sum } = await this.#passes.gradients(task, this.trainable, before);
    this.#log(log, pairs, told);
    return sum;
  }

  /** Adds the pairs' numbers to the rows that the groups already have in the log. */
  #log(log: SampleLog<'trained'>, pairs: readonly SampledPair[], told: Float32Array): void {
    const { beta } = this.#options.spec;
    const share = beta * logProbRounding;
    const n = pairs.length;
    const [chosen, rejected] = [told.subarray(n, 2 * n), told.subarray(2 * n)];
    const chosenRewards = pairs.map(({ refChosen }, i) => beta * ((chosen[i] as number) - refChosen));
    const rejectedRewards = pairs.map(({ refRejected }, i) => beta * ((rejected[i] as number) - refRejected));
    const margins = chosenRewards.map((value, i) => value - (rejectedRewards[i] as number));
    log.column('loss').push(...told.subarray(0, n));
    log.column('rewards/chosen').push(...chosenRewards);
    log.column('rewards/rejected').push(...rejectedRewards);
    log.column('rewards/margins').push(...margins);
    // A margin within rounding means nothing: an unchanged policy prefers neither answer.
    const rounding = Array.from(chosen, (nats, i) => Math.abs(nats) + Math.abs(rejected[i] as number)).map(
      (nats) => share * nats,
    );
    log.column('rewards/accuracies').push(...margins.map((margin, i) => (margin > (rounding[i] as number) ? 1 : 0)));
    log.column('logps/chosen').push(...chosen);
    log.column('logps/rejected').push(...rejected);
  }

  state(): ObjectiveState {
    return { ...this.#options.guard?.state() };
  }

  restore(state: ObjectiveState): void {
    this.#options.guard?.restore(state);
  }

  /** Model and reference belong to whoever loaded them. */
  dispose(): void {
    this.#passes.dispose();
  }
}

/** The first of the best and the first of the worst responses of every group. */
function sampledPairs({ rollouts, scores, reference, size }: Groups): SampledPair[] {
  return Array.from({ length: rollouts.length / size }, (_, g) => {
    const places = Array.from({ length: size }, (_, i) => g * size + i);
    const by = (better: (a: number, b: number) => boolean) =>
      places.reduce((best, i) => (better(scores[i] as number, scores[best] as number) ? i : best));
    const [best, worst] = [by((a, b) => a > b), by((a, b) => a < b)];
    const of = (i: number) => ({ sequence: rollouts[i]!.sequence, ref: sumOf(reference[i] as Float32Array) });
    const [chosen, rejected] = [of(best), of(worst)];
    return {
      chosen: chosen.sequence,
      rejected: rejected.sequence,
      refChosen: chosen.ref,
      refRejected: rejected.ref,
      real: scores[best] === scores[worst] ? 0 : 1,
    };
  });
}
