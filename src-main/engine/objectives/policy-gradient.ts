import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { GrpoSpec, RlooSpec } from '../../shared/domain/algorithms.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { normalisedTensor } from '../losses/group-advantages.ts';
import { headLogProbs } from '../losses/head.ts';
import { bySequence } from '../losses/layout.ts';
import { ppoPolicyLoss } from '../losses/ppo.ts';
import {
  type Batch,
  batchInputs,
  batchOf,
  completionHidden,
  layoutFor,
  sumPerSequence,
} from '../losses/token-log-probs.ts';
import { withoutGradient } from '../models/custom-gradient.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import { answersOf, type Groups, sampleGroups, sumOf } from '../rollouts/groups.ts';
import {
  driftOf,
  type Experience,
  groupExperience,
  hasKlInRewards,
  isNormalised,
  setAdvantages,
} from './group-experience.ts';
import { answersTold, groupTable, limited } from './groups-told.ts';
import { drift, inLayoutOrder } from './layout-lines.ts';
import type { OnPolicyOptions } from './on-policy.ts';
import { dropoutInputs, dropoutOf, meanOf, microBatches } from './objective.ts';
import type { ApplyGradients, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

/** What an optimisation epoch saw, as parts of the step's means. */
interface EpochMeans {
  policy: number;
  clipped: number;
  approxKl: number;
}

/**
 * RLOO (Ahmadian et al. 2024) and GRPO (Shao et al. 2024): several responses to every prompt, each compared with the others, and a clipped
 * policy gradient without a value function. RLOO weighs responses as a whole and has the KL in its reward, GRPO weighs tokens and has the
 * KL in its loss; both as in TRL's trainers.
 */
export class PolicyGradientObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: OnPolicyOptions<RlooSpec | GrpoSpec>;
  readonly #passes: Passes;

  constructor(options: OnPolicyOptions<RlooSpec | GrpoSpec>) {
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
    const experience = await groupExperience(groups, batch, this.#options, this.#passes);
    await guard?.gate(batch, answersOf(groups), this.#options.sample, reward);
    const means: EpochMeans = { policy: 0, clipped: 0, approxKl: 0 };
    for (let epoch = 1; epoch <= spec.epochs; epoch++) {
      const own = await this.#epochGradients(experience, batch, groups.size, means);
      if (epoch === 1) setAdvantages(experience, groups, spec);
      const guarded = (await guard?.gradients(batch.microBatchSize, this.trainable, own)) ?? own;
      await limited(guarded, spec.klLimit, meanOf(experience.map(driftOf)), (sum) =>
        apply(sum.gradients, means.policy / epoch, sum.norm),
      );
    }
    return this.#outcome(batch, groups, experience, means);
  }

  /** Gradients of an epoch; a micro-batch takes whole groups, whose prompt is then stored once. */
  async #epochGradients(
    experience: readonly Experience[],
    batch: StepBatch,
    groupSize: number,
    means: EpochMeans,
  ): Promise<StepGradients> {
    const tokens = experience.reduce((sum, { reference }) => sum + reference.length, 0);
    const places = experience.map((_, i) => i);
    let total: StepGradients | null = null;
    for (const part of microBatches(places, batch.microBatchSize * groupSize)) {
      const members = part.map((i) => experience[i] as Experience);
      const seed = this.#options.dropoutSeed?.(batch.step, part[0] as number);
      total = await this.#pass(members, { tokens, groupSize, seed }, means, total);
    }
    if (total === null) throw new Error('a step needs samples');
    return total;
  }

  async #pass(
    members: readonly Experience[],
    { tokens: stepTokens, groupSize, seed }: { tokens: number; groupSize: number; seed: number | undefined },
    means: EpochMeans,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, spec, ops, checkpointing } = this.#options;
    const sequences = members.map(({ sequence }) => sequence);
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const line = (pick: (member: Experience) => Float32Array) => inLayoutOrder(layout, members.map(pick));
    const perToken = (value: (member: Experience) => number) =>
      line((member) => new Float32Array(member.reference.length).fill(value(member)));
    const weighsResponses = spec.kind === 'rloo';
    const isKnown = members.every(({ logProbs }) => logProbs !== null);
    const logProbsIn = ({ logProbs, reference }: Experience) => logProbs ?? new Float32Array(reference.length);
    const task = {
      key: `${spec.kind} ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(seed),
        // 1 where the log-probs at sampling are known, 0 where they are those of this very pass.
        known: Float32Array.of(isKnown ? 1 : 0),
        'known log-probs': line(logProbsIn),
        'token advantages': perToken((member) => member.advantage),
        real: new Float32Array(layout.form.tokens).fill(1, 0, layout.tokens),
        ...(weighsResponses
          ? {
              'known sums': Float32Array.from(members, (member) => sumOf(logProbsIn(member))),
              'reference sums': Float32Array.from(members, ({ reference }) => sumOf(reference)),
              advantages: Float32Array.from(members, ({ advantage }) => advantage),
              shares: Float32Array.from(members, ({ share }) => share),
            }
          : {
              'reference log-probs': line((member) => member.reference),
              shares: perToken((member) => member.share),
            }),
      },
      build: (tensors: PassTensors) => {
        const batch = batchOf(layout.form, tensors);
        const hidden = completionHidden(model, batch, { ops, checkpointing, dropout: dropoutOf(tensors, seed) });
        const logProbs = headLogProbs(model, hidden, batch.labels, { ops, temperature: spec.temperature });
        const [old, real] = [known(tensors, 'known log-probs', logProbs), tensors['real']!];
        // At padding tokens the ratio is 1, whatever the model says about them.
        const own: Tensor1D = tf.add(tf.mul(logProbs, real), tf.mul(old, tf.sub(1, real)));
        const loss = weighsResponses
          ? this.#byResponse(own, tensors, batch, groupSize)
          : this.#byToken(own, old, tensors);
        const drifts = drift(own, old, tensors['token advantages']!, spec.clipRange);
        const sums = tf.stack([loss, ...drifts.map((x) => tf.sum(tf.mul(x, real)) as Scalar)]) as Tensor1D;
        return { told: tf.concat([sums, logProbs]), loss };
      },
    };
    const { told, sum } = await this.#passes.gradients(task, this.trainable, before);
    const [policy = 0, clipped = 0, approxKl = 0] = told;
    means.policy += policy;
    means.clipped += clipped / stepTokens;
    means.approxKl += approxKl / stepTokens;
    if (!isKnown) bySequence(layout, told.subarray(3)).forEach((line, i) => (members[i]!.logProbs = line));
    return sum;
  }

  #byResponse(logProbs: Tensor1D, tensors: PassTensors, batch: Batch, groupSize: number): Scalar {
    const sums = sumPerSequence(logProbs, batch);
    const old = known(tensors, 'known sums', sums);
    const advantages = hasKlInRewards(this.#options.spec)
      ? this.#withKl(sums, tensors, groupSize)
      : tensors['advantages']!;
    const loss = ppoPolicyLoss(sums, old, advantages, this.#options.spec.clipRange);
    return tf.sum(tf.mul(loss, tensors['shares']!));
  }

  /** Advantages with the KL in the rewards, of which the log-probs of this pass are the policy's at sampling unless they were known. */
  #withKl(sums: Tensor1D, tensors: PassTensors, size: number): Tensor1D {
    const { spec } = this.#options;
    return withoutGradient(() => {
      const kl = tf.reshape(tf.sub(sums, tensors['reference sums']!), [-1, size]);
      const others = tf.div(tf.sub(tf.sum(kl, 1, true), kl), size - 1);
      const penalties: Tensor1D = tf.reshape(tf.mul(tf.sub(kl, others), spec.klWeight), [sums.shape[0]]);
      const plain: Tensor1D = tf.sub(tensors['advantages']!, penalties);
      return known(tensors, 'advantages', isNormalised(spec) ? normalisedTensor(plain) : plain);
    });
  }

  /** Padding has no share, so it counts for nothing. */
  #byToken(logProbs: Tensor1D, old: Tensor1D, tensors: PassTensors): Scalar {
    const { spec } = this.#options;
    const policy = ppoPolicyLoss(logProbs, old, tensors['token advantages']!, spec.clipRange);
    if (spec.klWeight === 0) return tf.sum(tf.mul(policy, tensors['shares']!));
    // k3 of Schulman, e^Δ − Δ − 1 with Δ = lp(ref) − lp(π), times the ratio: the gradient is then that of the reverse KL (TRL's default,
    // after DeepSeek-V3.2).
    const real = tensors['real']!;
    const gap: Tensor1D = tf.mul(tf.sub(tensors['reference log-probs']!, logProbs), real);
    const ratio: Tensor1D = tf.exp(tf.sub(logProbs, old));
    const kl: Tensor1D = tf.mul(ratio, tf.sub(tf.sub(tf.exp(gap), gap), 1));
    return tf.sum(tf.mul(tf.add(policy, tf.mul(kl, spec.klWeight)), tensors['shares']!));
  }

  #outcome(batch: StepBatch, groups: Groups, experience: readonly Experience[], means: EpochMeans): StepOutcome {
    const { spec, guard } = this.#options;
    const ids = batch.indices.map((index) => this.sampleIds[index] as string);
    const log = groupTable(ids, groups, experience.map(driftOf), spec.klWeight);
    const guarded = guard?.finishStep();
    const policy = means.policy / spec.epochs;
    return {
      metrics: {
        ...log.means(),
        loss: policy + (guarded?.weightedLoss ?? 0),
        'loss/policy': policy,
        'policy/clipfrac': means.clipped / spec.epochs,
        'policy/approxkl': means.approxKl / spec.epochs,
        ...guarded?.metrics,
      },
      ...(guarded === undefined ? {} : { others: guarded.others }),
      tables: { trained: log.table(), ...(guarded === undefined ? {} : { guarded: guarded.table }) },
      answers: answersTold(
        batch.indices.map((index) => this.#options.samples[index] as PromptSample),
        groups,
      ),
      tokens: groups.rollouts.reduce((sum, { sequence }) => sum + sequence.ids.length, 0) * spec.epochs,
    };
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

/** The input of this name where it is known, and otherwise what the pass has computed, as a number. */
function known(tensors: PassTensors, name: string, computed: Tensor1D): Tensor1D {
  const isKnown = tensors['known']!;
  return withoutGradient(() => tf.add(tf.mul(tensors[name]!, isKnown), tf.mul(computed, tf.sub(1, isKnown))));
}
