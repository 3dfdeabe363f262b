import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { PpoSpec } from '../../shared/domain/algorithms.ts';
import { newVariable } from '../checkpoint/load-model.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { headLogProbs } from '../losses/head.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import {
  generalisedAdvantage,
  nextKlWeight,
  ppoPolicyLoss,
  ppoValueLoss,
  tokenRewards,
  whiten,
} from '../losses/ppo.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../losses/token-log-probs.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import { answersOf } from '../rollouts/groups.ts';
import { answersTold } from './groups-told.ts';
import { measureResponses, valuesOf } from '../rollouts/rollouts.ts';
import type { Rollout, ValueHead } from '../rollouts/rollouts.ts';
import { drift, inLayoutOrder } from './layout-lines.ts';
import type { OnPolicyOptions } from './on-policy.ts';
import { dropoutInputs, dropoutOf, meanOf, microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

/** One response with all that the optimisation epochs need of it. */
interface Experience {
  sequence: CompletionSequence;
  logProbs: Float32Array;
  values: Float32Array;
  advantages: Float32Array;
  returns: Float32Array;
}

/** What a pass of an optimisation epoch saw, summed over its tokens. */
interface EpochSums {
  policy: number;
  value: number;
  clipped: number;
  approxKl: number;
}

/**
 * PPO (Schulman et al. 2017; Ziegler et al. 2019): a step samples one response per prompt, then makes one update per epoch over all of
 * them. Values come from a linear head on the policy's own hidden states, which starts at 0.
 */
export class PpoObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly heads: ReadonlyMap<string, Variable>;
  readonly #options: OnPolicyOptions<PpoSpec>;
  readonly #passes: Passes;
  readonly #head: ValueHead;
  #klWeight: number;

  constructor(options: OnPolicyOptions<PpoSpec>) {
    this.#options = options;
    this.#passes = new Passes(options.ops, options.model);
    this.sampleIds = options.samples.map(({ id }) => id);
    this.lengths = options.samples.map(({ ids }) => ids.length + options.spec.maxNewTokens);
    const { dim } = options.model.config;
    this.#head = { weight: newVariable(new Float32Array(dim), [1, dim]), bias: newVariable(new Float32Array(1), [1]) };
    this.heads = new Map([
      ['value_head.weight', this.#head.weight],
      ['value_head.bias', this.#head.bias],
    ]);
    this.trainable = new Map([...options.model.trainable, ...this.heads]);
    this.#klWeight = options.spec.kl.weight;
  }

  get guardWeight(): number | undefined {
    return this.#options.guard?.weight;
  }

  set guardWeight(weight: number | undefined) {
    if (this.#options.guard !== null && weight !== undefined) this.#options.guard.weight = weight;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const { guard, spec, samples, sample } = this.#options;
    const prompts = batch.indices.map((index) => samples[index] as PromptSample);
    const rollouts = await sample(prompts, batch.step);
    const texts = rollouts.map(({ text }) => text);
    const scores = await this.#options.reward(prompts, texts);
    const { experience, kl } = await this.#experience(rollouts, scores);
    await guard?.gate(batch, answersOf({ rollouts, scores, size: 1 }), sample, this.#options.reward);
    const sums: EpochSums = { policy: 0, value: 0, clipped: 0, approxKl: 0 };
    let updates = 0;
    for (let epoch = 0; epoch < spec.epochs; epoch++) {
      const own = await this.#epochGradients(experience, batch, sums);
      updates += 1;
      const guarded = (await guard?.gradients(batch.microBatchSize, this.trainable, own)) ?? own;
      const loss = (sums.policy + spec.valueWeight * sums.value) / updates;
      await apply(guarded.gradients, loss, guarded.norm);
    }
    const outcome = this.#outcome(batch, rollouts, scores, kl, sums);
    this.#adaptKl(meanOf(kl), rollouts.length);
    return outcome;
  }

  /** Log-probs, values, rewards and advantages of the rollouts, and each one's KL to the reference, in nats. */
  async #experience(rollouts: readonly Rollout[], scores: readonly number[]) {
    const { model, reference, spec, ops } = this.#options;
    const sequences = rollouts.map(({ sequence }) => sequence);
    const { temperature } = spec;
    const passes = this.#passes;
    const own = { temperature, ops, head: this.#head, compiled: { passes, as: 'policy' as const } };
    const policy = await measureResponses(model, sequences, own);
    const old = { temperature, ops, compiled: { passes, as: 'reference' as const } };
    const before = await measureResponses(reference, sequences, old);
    const estimates = policy.map(({ logProbs, values }, i) => {
      const refLogProbs = before[i]?.logProbs ?? new Float32Array(0);
      const rewards = tokenRewards(scores[i] as number, logProbs, refLogProbs, this.#klWeight);
      return generalisedAdvantage(rewards, values, spec.gamma, spec.lambda);
    });
    const advantages = whiten(estimates.map((estimate) => estimate.advantages));
    const experience = policy.map(({ logProbs, values }, i): Experience => ({
      sequence: sequences[i] as CompletionSequence,
      logProbs,
      values,
      advantages: advantages[i] as Float32Array,
      returns: estimates[i]?.returns ?? new Float32Array(0),
    }));
    const kl = policy.map(({ logProbs }, i) =>
      logProbs.reduce((sum, lp, t) => sum + lp - (before[i]?.logProbs[t] as number), 0),
    );
    return { experience, kl };
  }

  /** Gradients of the mean loss over the batch's tokens; adds the epoch's own means to `sums`. */
  async #epochGradients(experience: readonly Experience[], batch: StepBatch, sums: EpochSums): Promise<StepGradients> {
    const tokens = experience.reduce((sum, { logProbs }) => sum + logProbs.length, 0);
    let total: StepGradients | null = null;
    const places = experience.map((_, i) => i);
    for (const part of microBatches(places, batch.microBatchSize)) {
      const members = part.map((i) => experience[i] as Experience);
      const seed = this.#options.dropoutSeed?.(batch.step, part[0] as number);
      total = await this.#pass(members, tokens, seed, sums, total);
    }
    if (total === null) throw new Error('a step needs samples');
    return total;
  }

  async #pass(
    members: readonly Experience[],
    stepTokens: number,
    seed: number | undefined,
    sums: EpochSums,
    before: StepGradients | null,
  ): Promise<StepGradients> {
    const { model, spec, ops, checkpointing } = this.#options;
    const layout = layoutFor(
      model,
      members.map(({ sequence }) => sequence),
      this.#passes.rounded,
    );
    const line = (pick: (member: Experience) => Float32Array) => inLayoutOrder(layout, members.map(pick));
    const task = {
      key: `ppo ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...dropoutInputs(seed),
        'old log-probs': line((member) => member.logProbs),
        advantages: line((member) => member.advantages),
        'old values': line((member) => member.values),
        returns: line((member) => member.returns),
        // Padding counts for nothing.
        real: new Float32Array(layout.form.tokens).fill(1, 0, layout.tokens),
        'step tokens': Float32Array.of(stepTokens),
      },
      build: (tensors: PassTensors) => {
        const batch = batchOf(layout.form, tensors);
        const hidden = completionHidden(model, batch, { ops, checkpointing, dropout: dropoutOf(tensors, seed) });
        const logProbs = headLogProbs(model, hidden, batch.labels, { ops, temperature: spec.temperature });
        const [old, advantages, real] = [tensors['old log-probs']!, tensors['advantages']!, tensors['real']!];
        const total = (values: Tensor1D) => tf.sum(tf.mul(values, real)) as Scalar;
        // At padding tokens the ratio is 1, whatever the model says about them.
        const own: Tensor1D = tf.add(tf.mul(logProbs, real), tf.mul(old, tf.sub(1, real)));
        const policy = total(ppoPolicyLoss(own, old, advantages, spec.clipRange));
        const values = valuesOf(this.#head, hidden);
        const value = total(ppoValueLoss(values, tensors['old values']!, tensors['returns']!, spec.valueClipRange));
        const drifts = drift(own, old, advantages, spec.clipRange).map(total);
        const loss = tf.div(tf.add(policy, tf.mul(value, spec.valueWeight)), tensors['step tokens']!);
        return {
          told: tf.stack([policy, value, ...drifts]) as Tensor1D,
          loss: tf.squeeze(loss) as Scalar,
        };
      },
    };
    const { told, sum } = await this.#passes.gradients(task, this.trainable, before);
    const [policy = 0, value = 0, clipped = 0, approxKl = 0] = told;
    sums.policy += policy / stepTokens;
    sums.value += value / stepTokens;
    sums.clipped += clipped / stepTokens;
    sums.approxKl += approxKl / stepTokens;
    return sum;
  }

  #outcome(
    batch: StepBatch,
    rollouts: readonly Rollout[],
    scores: number[],
    kl: number[],
    sums: EpochSums,
  ): StepOutcome {
    const { spec, guard } = this.#options;
    const penalties = kl.map((value) => -this.#klWeight * value);
    const log = new SampleLog<'trained'>();
    log.add(
      batch.indices.map((index) => this.sampleIds[index] as string),
      {
        'objective/scores': scores,
        'objective/kl': kl,
        'kl/pre': kl,
        'objective/non_score_reward': penalties,
        'objective/rlhf_reward': scores.map((score, i) => score + (penalties[i] as number)),
        response_tokens: rollouts.map(({ sequence }) => sequence.ids.length - sequence.from),
      },
    );
    const guarded = guard?.finishStep();
    const [policy, value] = [sums.policy / spec.epochs, sums.value / spec.epochs];
    return {
      metrics: {
        ...log.means(),
        loss: policy + spec.valueWeight * value + (guarded?.weightedLoss ?? 0),
        'loss/policy': policy,
        'loss/value': value,
        'policy/clipfrac': sums.clipped / spec.epochs,
        'policy/approxkl': sums.approxKl / spec.epochs,
        kl_weight: this.#klWeight,
        ...guarded?.metrics,
      },
      ...(guarded === undefined ? {} : { others: guarded.others }),
      tables: { trained: log.table(), ...(guarded === undefined ? {} : { guarded: guarded.table }) },
      answers: answersTold(
        batch.indices.map((index) => this.#options.samples[index] as PromptSample),
        { rollouts, scores, size: 1 },
      ),
      tokens: rollouts.reduce((sum, { sequence }) => sum + sequence.ids.length, 0) * spec.epochs,
    };
  }

  #adaptKl(kl: number, samples: number): void {
    const { weight, adaptiveTarget, horizon } = this.#options.spec.kl;
    if (adaptiveTarget !== null && weight > 0) {
      this.#klWeight = nextKlWeight(this.#klWeight, kl, adaptiveTarget, samples, horizon);
    }
  }

  state(): ObjectiveState {
    return { klWeight: this.#klWeight, ...this.#options.guard?.state() };
  }

  restore(state: ObjectiveState): void {
    if (typeof state['klWeight'] === 'number') this.#klWeight = state['klWeight'];
    this.#options.guard?.restore(state);
  }

  dispose(): void {
    this.#passes.dispose();
    tf.dispose([this.#head.weight, this.#head.bias]);
  }
}
