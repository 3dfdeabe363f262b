import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { PpoSpec } from '../../shared/domain/run-spec.ts';
import { newVariable } from '../checkpoint/load-model.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { layoutBatch, type BatchLayout, type CompletionSequence } from '../losses/layout.ts';
import {
  generalisedAdvantage,
  nextKlWeight,
  ppoPolicyLoss,
  ppoValueLoss,
  tokenRewards,
  whiten,
} from '../losses/ppo.ts';
import { completionHidden } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { Gradients } from '../optim/adamw.ts';
import { addGradients, lossGradients } from '../optim/gradients.ts';
import type { NativeOps } from '../ports.ts';
import { measureResponses, temperedLogProbs, valuesOf } from '../rollouts/rollouts.ts';
import type { RewardFunction, Rollout, SampleRollouts, ValueHead } from '../rollouts/rollouts.ts';
import { meanOf, microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';
import type { RewardGuard } from './reward-guard.ts';

export interface PpoOptions {
  model: CausalLm;
  reference: CausalLm;
  samples: readonly PromptSample[];
  reward: RewardFunction;
  spec: PpoSpec;
  guard: RewardGuard | null;
  ops: NativeOps;
  /** The policy's responses to a step's prompts. */
  sample: SampleRollouts;
  dropoutSeed?: DropoutSeed | undefined;
}

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
 * PPO (Schulman et al. 2017; Ziegler et al. 2019): a step samples one response a prompt, then makes one update an epoch
 * over all of them. Values come from a linear head on the policy's own hidden states, which starts at 0.
 */
export class PpoObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly heads: ReadonlyMap<string, Variable>;
  readonly #options: PpoOptions;
  readonly #head: ValueHead;
  #klWeight: number;

  constructor(options: PpoOptions) {
    this.#options = options;
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
    await guard?.gate(batch, rollouts, scores, sample, this.#options.reward);
    const sums: EpochSums = { policy: 0, value: 0, clipped: 0, approxKl: 0 };
    let updates = 0;
    for (let epoch = 0; epoch < spec.epochs; epoch++) {
      const gradients = await this.#epochGradients(experience, batch, sums);
      updates += 1;
      const guarded = (await guard?.gradients(batch.microBatchSize, this.trainable)) ?? null;
      const loss = (sums.policy + spec.valueWeight * sums.value) / updates;
      await apply(guarded === null ? gradients : addGradients(gradients, guarded), loss);
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
    const policy = await measureResponses(model, sequences, { temperature, ops, head: this.#head });
    const before = await measureResponses(reference, sequences, { temperature, ops });
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
  async #epochGradients(experience: readonly Experience[], batch: StepBatch, sums: EpochSums): Promise<Gradients> {
    const tokens = experience.reduce((sum, { logProbs }) => sum + logProbs.length, 0);
    let gradients: Gradients | null = null;
    const places = experience.map((_, i) => i);
    for (const part of microBatches(places, batch.microBatchSize)) {
      const members = part.map((i) => experience[i] as Experience);
      gradients = addGradients(gradients, await this.#pass(members, tokens, batch.step, part[0] as number, sums));
    }
    if (gradients === null) throw new Error('a step needs samples');
    return gradients;
  }

  async #pass(
    members: readonly Experience[],
    stepTokens: number,
    step: number,
    first: number,
    sums: EpochSums,
  ): Promise<Gradients> {
    const { model, spec, ops, dropoutSeed } = this.#options;
    const layout = layoutBatch(members.map(({ sequence }) => sequence));
    const line = (pick: (member: Experience) => Float32Array) => tf.tensor1d(inLayoutOrder(layout, members.map(pick)));
    let measured: Tensor1D | undefined;
    const { value, gradients } = lossGradients(this.trainable, () => {
      const hidden = completionHidden(model, layout, { dropoutSeed: dropoutSeed?.(step, first) });
      const logProbs = temperedLogProbs(model.logits(hidden), layout, spec.temperature, ops);
      const old = line((member) => member.logProbs);
      const advantages = line((member) => member.advantages);
      const policy = tf.sum(ppoPolicyLoss(logProbs, old, advantages, spec.clipRange));
      const [oldValues, returns] = [line((member) => member.values), line((member) => member.returns)];
      const values = valuesOf(this.#head, hidden);
      const valueLoss = tf.sum(ppoValueLoss(values, oldValues, returns, spec.valueClipRange));
      measured = tf.keep(
        tf.stack([policy, valueLoss, ...drift(logProbs, old, advantages, spec.clipRange)]) as Tensor1D,
      );
      return tf.div(tf.add(policy, tf.mul(valueLoss, spec.valueWeight)), stepTokens) as Scalar;
    });
    if (measured === undefined) throw new Error('the loss did not run');
    const [policy = 0, valueLoss = 0, clipped = 0, approxKl = 0] = await measured.data();
    tf.dispose([measured, value]);
    sums.policy += policy / stepTokens;
    sums.value += valueLoss / stepTokens;
    sums.clipped += clipped / stepTokens;
    sums.approxKl += approxKl / stepTokens;
    return gradients;
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
      tables: { trained: log.table(), ...(guarded === undefined ? {} : { guarded: guarded.table }) },
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
    tf.dispose([this.#head.weight, this.#head.bias]);
  }
}

/** Per-sequence numbers in the layout's order of tokens. */
function inLayoutOrder(layout: BatchLayout, parts: readonly Float32Array[]): Float32Array {
  const line = new Float32Array(layout.tokens);
  parts.forEach((part, row) => line.set(part, layout.starts[row] as number));
  return line;
}

/**
 * Tokens whose ratio left the clip range on the side that their advantage pushes to, so that clipping takes their gradient
 * (TRL's `clipfrac`), and the k2 estimate ½(lp − lp_old)² of the KL, both summed.
 */
function drift(logProbs: Tensor1D, old: Tensor1D, advantages: Tensor1D, clipRange: number): [Scalar, Scalar] {
  const moved: Tensor1D = tf.sub(logProbs, old);
  const pushed: Tensor1D = tf.mul(tf.sign(advantages), tf.sub(tf.exp(moved), 1));
  const clipped = tf.greater(pushed, clipRange);
  return [tf.sum(tf.cast(clipped, 'float32')), tf.mul(tf.sum(tf.square(moved)), 0.5)];
}
