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
import { answersOf, type Groups, logProbsOf, sampleGroups, sumOf } from '../rollouts/groups.ts';
import type { Rollout } from '../rollouts/rollouts.ts';
import { answersTold, groupTable, limited } from './groups-told.ts';
import type { OnPolicyOptions } from './on-policy.ts';
import { dropoutInputs, dropoutOf, meanOf, microBatches, type SampleLog } from './objective.ts';
import type { ApplyGradients, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

/** The best and the worst response to a prompt, by reward, and their places among the step's responses. */
interface SampledPair {
  chosen: CompletionSequence;
  rejected: CompletionSequence;
  places: [number, number];
  /** Reference log-probs in nats, summed over tokens. */
  refChosen: number;
  refRejected: number;
  /** 0 if all responses have the same reward: such a pair means nothing, and counts for nothing. */
  real: number;
}

/** The pairs of a pass and what it told: losses, then log-probs of the chosen and of the rejected. */
interface PairPass {
  pairs: readonly SampledPair[];
  told: Float32Array;
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
    this.#passes = new Passes(options.ops, options.model);
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
    const groups = await sampleGroups(prompts, batch.step, { ...this.#options, ...spec, reward });
    const reference = await this.#sumsOf('reference', groups.rollouts);
    const pairs = sampledPairs(groups, reference);
    const policy = await this.#measuredApart(groups, pairs);
    await guard?.gate(batch, answersOf(groups), this.#options.sample, reward);
    const ids = batch.indices.map((index) => this.sampleIds[index] as string);
    const passes: PairPass[] = [];
    let own: StepGradients | null = null;
    for (const part of microBatches(
      batch.indices.map((_, i) => i),
      batch.microBatchSize,
    )) {
      const members = part.map((i) => pairs[i] as SampledPair);
      const seed = this.#options.dropoutSeed?.(batch.step, part[0] as number);
      const { told, sum } = await this.#pass(members, batch.indices.length, seed, own);
      passes.push({ pairs: members, told });
      own = sum;
    }
    if (own === null) throw new Error('a step needs samples');
    for (const { pairs: members, told } of passes) {
      members.forEach(({ places: [best, worst] }, i) => {
        policy[best] ??= told[members.length + i]!;
        policy[worst] ??= told[2 * members.length + i]!;
      });
    }
    const kl = policy.map((nats, i) => (nats as number) - (reference[i] as number));
    const log = groupTable(ids, groups, kl, spec.beta);
    for (const pass of passes) this.#log(log, pass);
    const loss = meanOf(log.column('loss'));
    const guarded = (await guard?.gradients(batch.microBatchSize, this.trainable, own)) ?? own;
    await limited(guarded, spec.klLimit, meanOf(kl), (sum) => apply(sum.gradients, loss, sum.norm));
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

  /** Summed log-probs of responses. As in TRL they are the model's own, whatever the temperature of sampling. */
  async #sumsOf(as: 'policy' | 'reference', rollouts: readonly Rollout[]): Promise<number[]> {
    const { model, reference, ops } = this.#options;
    const compiled = { passes: this.#passes, as };
    const measured = as === 'policy' ? model : reference;
    return (await logProbsOf(measured, rollouts, { temperature: 1, ops, compiled })).map(sumOf);
  }

  /** The policy's sums of the responses that no pass learns from, or of all where passes drop inputs out; null for the others. */
  async #measuredApart({ rollouts }: Groups, pairs: readonly SampledPair[]): Promise<(number | null)[]> {
    const learned = new Set(this.#options.dropoutSeed === undefined ? pairs.flatMap(({ places }) => places) : []);
    const apart = [...rollouts.keys()].filter((place) => !learned.has(place));
    const sums = new Array<number | null>(rollouts.length).fill(null);
    if (apart.length === 0) return sums;
    const measured = await this.#sumsOf(
      'policy',
      apart.map((place) => rollouts[place] as Rollout),
    );
    apart.forEach((place, i) => (sums[place] = measured[i] as number));
    return sums;
  }

  async #pass(
    pairs: readonly SampledPair[],
    stepSize: number,
    seed: number | undefined,
    before: StepGradients | null,
  ): Promise<{ told: Float32Array; sum: StepGradients }> {
    const { model, spec, ops, checkpointing } = this.#options;
    const sequences = [...pairs.map(({ chosen }) => chosen), ...pairs.map(({ rejected }) => rejected)];
    const layout = layoutFor(model, sequences, this.#passes.rounded);
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
        'step size': Float32Array.of(stepSize),
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
    return this.#passes.gradients(task, this.trainable, before);
  }

  /** Adds the pairs' numbers to the rows that the groups already have in the log. */
  #log(log: SampleLog<'trained'>, { pairs, told }: PairPass): void {
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

/** The first of the best and the first of the worst responses of every group; `reference` are summed log-probs. */
function sampledPairs({ rollouts, scores, size }: Groups, reference: readonly number[]): SampledPair[] {
  return Array.from({ length: rollouts.length / size }, (_, g) => {
    const places = Array.from({ length: size }, (_, i) => g * size + i);
    const by = (better: (a: number, b: number) => boolean) =>
      places.reduce((best, i) => (better(scores[i] as number, scores[best] as number) ? i : best));
    const [best, worst] = [by((a, b) => a > b), by((a, b) => a < b)];
    return {
      chosen: rollouts[best]!.sequence,
      rejected: rollouts[worst]!.sequence,
      places: [best, worst],
      refChosen: reference[best] as number,
      refRejected: reference[worst] as number,
      real: scores[best] === scores[worst] ? 0 : 1,
    };
  });
}
