import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { GrpoSpec, RlooSpec } from '../../shared/domain/algorithms.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { groupAdvantages, leaveOneOutAdvantages, normalised } from '../losses/group-advantages.ts';
import { headLogProbs } from '../losses/head.ts';
import { completionLength, type CompletionSequence } from '../losses/layout.ts';
import { ppoPolicyLoss } from '../losses/ppo.ts';
import {
  type Batch,
  batchInputs,
  batchOf,
  completionHidden,
  layoutFor,
  sumPerSequence,
} from '../losses/token-log-probs.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import { answersOf, type Groups, sampleGroups, sumOf } from '../rollouts/groups.ts';
import { answersTold, groupTable, limited } from './groups-told.ts';
import { drift, inLayoutOrder } from './layout-lines.ts';
import type { OnPolicyOptions } from './on-policy.ts';
import { dropoutInputs, dropoutOf, meanOf, microBatches } from './objective.ts';
import type { ApplyGradients, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

/** One response with all that the optimisation epochs need of it. */
interface Experience {
  sequence: CompletionSequence;
  /** Per token, at sampling. */
  logProbs: Float32Array;
  reference: Float32Array;
  advantage: number;
  /** Share of each of its tokens (GRPO) or of the whole response (RLOO) in the step's loss. */
  share: number;
}

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
    const groups = await sampleGroups(prompts, batch.step, { ...this.#options, ...spec, reward: this.#options.reward });
    const experience = this.#experience(groups);
    await guard?.gate(batch, answersOf(groups), this.#options.sample, this.#options.reward);
    const means: EpochMeans = { policy: 0, clipped: 0, approxKl: 0 };
    for (let epoch = 1; epoch <= spec.epochs; epoch++) {
      const own = await this.#epochGradients(experience, batch, groups.size, means);
      const guarded = (await guard?.gradients(batch.microBatchSize, this.trainable, own)) ?? own;
      await limited(guarded, spec.klLimit, meanOf(groups.kl), (sum) =>
        apply(sum.gradients, means.policy / epoch, sum.norm),
      );
    }
    return this.#outcome(batch, groups, means);
  }

  #experience({ rollouts, scores, policy, reference, kl, size }: Groups): Experience[] {
    const { spec } = this.#options;
    const lengths = rollouts.map(({ sequence }) => Math.max(1, completionLength(sequence)));
    const stepTokens = lengths.reduce((sum, length) => sum + length, 0);
    let advantages: number[];
    if (spec.kind === 'rloo') {
      const rewards = scores.map((score, i) => score - spec.klWeight * (kl[i] as number));
      const plain = leaveOneOutAdvantages({ rewards, size });
      advantages = spec.normalizeAdvantages ? normalised(plain) : plain;
    } else advantages = groupAdvantages({ rewards: scores, size }, spec.scale);
    const shareOf = (length: number): number => {
      const each = 1 / rollouts.length;
      if (spec.kind === 'rloo') return each;
      if (spec.loss === 'dapo') return 1 / stepTokens;
      return each / (spec.loss === 'grpo' ? length : spec.maxNewTokens);
    };
    return rollouts.map(({ sequence }, i) => ({
      sequence,
      logProbs: policy[i] as Float32Array,
      reference: reference[i] as Float32Array,
      advantage: advantages[i] as number,
      share: shareOf(lengths[i] as number),
    }));
  }

  /** Gradients of an epoch; a micro-batch takes whole groups, whose prompt is then stored once. */
  async #epochGradients(
    experience: readonly Experience[],
    batch: StepBatch,
    groupSize: number,
    means: EpochMeans,
  ): Promise<StepGradients> {
    const tokens = experience.reduce((sum, { logProbs }) => sum + logProbs.length, 0);
    const places = experience.map((_, i) => i);
    let total: StepGradients | null = null;
    for (const part of microBatches(places, batch.microBatchSize * groupSize)) {
      const members = part.map((i) => experience[i] as Experience);
      const seed = this.#options.dropoutSeed?.(batch.step, part[0] as number);
      total = await this.#pass(members, tokens, seed, means, total);
    }
    if (total === null) throw new Error('a step needs samples');
    return total;
  }

  async #pass(
    members: readonly Experience[],
    stepTokens: number,
    seed: number | undefined,
    means: EpochMeans,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, spec, ops, checkpointing } = this.#options;
    const sequences = members.map(({ sequence }) => sequence);
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const line = (pick: (member: Experience) => Float32Array) => inLayoutOrder(layout, members.map(pick));
    const perToken = (value: (member: Experience) => number) =>
      line((member) => new Float32Array(member.logProbs.length).fill(value(member)));
    const bySequence = spec.kind === 'rloo';
    const task = {
      key: `${spec.kind} ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(seed),
        'old log-probs': line((member) => member.logProbs),
        'token advantages': perToken((member) => member.advantage),
        real: new Float32Array(layout.form.tokens).fill(1, 0, layout.tokens),
        ...(bySequence
          ? {
              'old sums': Float32Array.from(members, ({ logProbs }) => sumOf(logProbs)),
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
        const [old, real] = [tensors['old log-probs']!, tensors['real']!];
        // At padding tokens the ratio is 1, whatever the model says about them.
        const own: Tensor1D = tf.add(tf.mul(logProbs, real), tf.mul(old, tf.sub(1, real)));
        const loss = bySequence ? this.#bySequence(own, tensors, batch) : this.#byToken(own, tensors);
        const drifts = drift(own, old, tensors['token advantages']!, spec.clipRange);
        return { told: tf.stack([loss, ...drifts.map((x) => tf.sum(tf.mul(x, real)) as Scalar)]) as Tensor1D, loss };
      },
    };
    const { told, sum } = await this.#passes.gradients(task, this.trainable, before);
    const [policy = 0, clipped = 0, approxKl = 0] = told;
    means.policy += policy;
    means.clipped += clipped / stepTokens;
    means.approxKl += approxKl / stepTokens;
    return sum;
  }

  #bySequence(logProbs: Tensor1D, tensors: PassTensors, batch: Batch): Scalar {
    const sums = sumPerSequence(logProbs, batch);
    const loss = ppoPolicyLoss(sums, tensors['old sums']!, tensors['advantages']!, this.#options.spec.clipRange);
    return tf.sum(tf.mul(loss, tensors['shares']!));
  }

  /** Padding has no share, so it counts for nothing. */
  #byToken(logProbs: Tensor1D, tensors: PassTensors): Scalar {
    const { spec } = this.#options;
    const policy = ppoPolicyLoss(logProbs, tensors['old log-probs']!, tensors['token advantages']!, spec.clipRange);
    if (spec.klWeight === 0) return tf.sum(tf.mul(policy, tensors['shares']!));
    // k3 of Schulman, e^Δ − Δ − 1 with Δ = lp(ref) − lp(π), times the ratio: the gradient is then that of the reverse KL (TRL's default,
    // after DeepSeek-V3.2).
    const real = tensors['real']!;
    const gap: Tensor1D = tf.mul(tf.sub(tensors['reference log-probs']!, logProbs), real);
    const ratio: Tensor1D = tf.exp(tf.sub(logProbs, tensors['old log-probs']!));
    const kl: Tensor1D = tf.mul(ratio, tf.sub(tf.sub(tf.exp(gap), gap), 1));
    return tf.sum(tf.mul(tf.add(policy, tf.mul(kl, spec.klWeight)), tensors['shares']!));
  }

  #outcome(batch: StepBatch, groups: Groups, means: EpochMeans): StepOutcome {
    const { spec, guard } = this.#options;
    const ids = batch.indices.map((index) => this.sampleIds[index] as string);
    const log = groupTable(ids, groups, spec.klWeight);
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
