import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import { gateNumbers } from '../guard/guard.ts';
import { GuardWeights } from '../guard/weights.ts';
import { completionLength, type CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps, RandomStream } from '../ports.ts';
import type { RewardFunction, SampleRollouts } from '../rollouts/rollouts.ts';
import { answersOf, type PromptAnswer } from '../rollouts/groups.ts';
import { comparedWith, divergenceOf, headOf } from './divergence.ts';
import { GuardGradients } from './guard-gradients.ts';
import { guardState, restoreGuard } from './guard-state.ts';
import { LengthClasses } from './length-classes.ts';
import { meanOf, microBatches, SampleLog, type ObjectiveState, type StepBatch } from './objective.ts';
import type { GuardStep, GuardTargets } from './pair-guard.ts';

/** Targets of a guard on rewards: y_c of every prompt, with R(x, y_c). */
export interface RewardTargets extends Omit<GuardTargets, 'pre' | 'others'> {
  prompts: readonly PromptSample[];
  rewards: readonly number[];
  /** True when target i belongs to training prompt i, whose rollout is at hand. */
  ownPrompts: boolean;
}

export interface RewardGuardOptions {
  spec: GuardSpec;
  /** Answers that are drawn for each prompt of a guard set. */
  draws: number;
  model: CausalLm;
  preModel: CausalLm | null;
  targets: RewardTargets;
  random: RandomStream;
  ops: NativeOps;
}

/** A guard with an algorithm that samples. */
export interface OnPolicyGuard {
  weight: number;
  /** Sets the step's gates, once its answers are there. */
  gate(
    batch: StepBatch,
    answers: readonly PromptAnswer[],
    sample: SampleRollouts,
    reward: RewardFunction,
  ): Promise<void>;
  /** `sum` with the gradients of λ·Σ(I·D)/instances. */
  gradients(
    microBatchSize: number,
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients,
  ): Promise<StepGradients>;
  finishStep(): GuardStep;
  state(): ObjectiveState;
  restore(state: ObjectiveState): void;
}

/** Prefix of the names of the pre-aligned model's arrays. */
const prePrefix = 'pre ';

/**
 * FlipGuard with algorithms that sample: I(x) = 1[ R(x, y_c) − R(x, y) > ε ], y the policy's own response and R the reward without its KL
 * penalty. The gate is set once per step, when responses are sampled; its pull then joins every update of the step.
 */
export class RewardGuard implements OnPolicyGuard {
  readonly spec: GuardSpec;
  readonly #options: RewardGuardOptions;
  readonly #passes: Passes;
  readonly #lengthClasses: LengthClasses;
  readonly #weights: GuardWeights;
  readonly #gradients: GuardGradients;
  #random: RandomStream;
  #selected: number[] = [];
  #fired: boolean[] = [];
  /** How far each target's reward fell beyond ε, at least 0. */
  #excess: number[] = [];
  /** D of every fired target at the last update, by index in `#selected`. */
  #divergences = new Map<number, number>();

  constructor(options: RewardGuardOptions) {
    this.#options = options;
    this.#passes = new Passes(options.ops, options.model);
    this.spec = options.spec;
    this.#weights = new GuardWeights(options.spec, options.targets.slices);
    this.#gradients = new GuardGradients(options.spec);
    this.#random = options.random;
    this.#lengthClasses = new LengthClasses(options.targets.sequences.map(completionLength));
  }

  get weight(): number {
    return this.#weights.mean;
  }

  set weight(weight: number) {
    this.#weights.mean = weight;
  }

  /** Sets the step's gates. Targets of a guard set have prompts of their own, which the policy answers first. */
  async gate(
    batch: StepBatch,
    answers: readonly PromptAnswer[],
    sample: SampleRollouts,
    reward: RewardFunction,
  ): Promise<void> {
    const { targets } = this.#options;
    this.#selected = targets.select(batch.indices);
    this.#divergences.clear();
    const own = targets.ownPrompts ? answers : await this.#answer(batch.step, sample, reward);
    const fall = this.#selected.map((index, i) => {
      const before = targets.rewards[index] as number;
      const now = own[i] as PromptAnswer;
      if (this.spec.gate === 'sequence') return before - now.score;
      return before / this.#tokens(index) - now.score / Math.max(1, now.tokens);
    });
    this.#fired = gateNumbers(fall, this.spec, this.#random);
    this.#excess = fall.map((value) => Math.max(0, value - this.spec.epsilon));
  }

  async #answer(step: number, sample: SampleRollouts, reward: RewardFunction): Promise<PromptAnswer[]> {
    const { draws, targets } = this.#options;
    const prompts = this.#selected.flatMap((index) =>
      new Array<PromptSample>(draws).fill(targets.prompts[index] as PromptSample),
    );
    const rollouts = await sample(prompts, step);
    const scores = await reward(
      prompts,
      rollouts.map(({ text }) => text),
    );
    return answersOf({ rollouts, scores, size: draws });
  }

  /** `sum` with the gradients of Σ(λ·I·D)/instances over the targets that fired, or as those of Σ(I·D)/instances leave it. */
  async gradients(
    microBatchSize: number,
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients,
  ): Promise<StepGradients> {
    const places = this.#fired.flatMap((fired, place) => (fired ? [place] : []));
    let total = sum;
    for (const part of microBatches(places, microBatchSize)) {
      total = await this.#gradients.take(total, (before) => this.#pass(part, trainable, before));
    }
    return this.#gradients.met(total);
  }

  /** At λ = 0 it only measures. */
  async #pass(
    places: readonly number[],
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients | null,
  ): Promise<StepGradients | null> {
    const { model, preModel, ops, targets, spec } = this.#options;
    const selected = places.map((place) => this.#selected[place] as number);
    const sequences = selected.map((index) => targets.sequences[index] as CompletionSequence);
    // No gradient passes through a sampled answer's reward: its fall weighs the pull, and so there is no jump either.
    const weighs = spec.divergence === 'fall';
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const task = {
      key: `guard ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...(comparesDistributions(spec.divergence) && preModel !== null
          ? batchInputs(preModel, layout, prePrefix)
          : {}),
        tokens: Float32Array.from(layout.counts, (tokens) => Math.max(1, tokens)),
        amounts: Float32Array.from(places, (place) => (weighs ? (this.#excess[place] as number) : 1)),
        factors: this.#gradients.factors(this.#weights.of(selected), this.#selected.length),
      },
      build: (tensors: PassTensors) => {
        const batch = batchOf(layout.form, tensors);
        const before = comparesDistributions(spec.divergence)
          ? comparedWith(spec, preModel, batchOf(layout.form, tensors, prePrefix), ops)
          : null;
        const hidden = completionHidden(model, batch, { ops });
        const { logProbs, kl } = headOf(model, hidden, batch.labels, before, ops);
        const pass = { batch, sums: sumPerSequence(logProbs, batch), kl, tokens: tensors['tokens']! };
        const divergence = tf.mul(divergenceOf(spec, pass), tensors['amounts']!) as Tensor1D;
        return { told: divergence, loss: tf.sum(tf.mul(divergence, tensors['factors']!)) as Scalar };
      },
    };
    const outcome = this.#weights.isIdle
      ? { told: await this.#passes.measure(task, { always: true }), sum }
      : await this.#passes.gradients(task, trainable, sum);
    places.forEach((place, i) => this.#divergences.set(place, outcome.told[i] as number));
    return outcome.sum;
  }

  /** Sums the step up and moves a learned λ. */
  finishStep(): GuardStep {
    const { targets } = this.#options;
    const log = new SampleLog<'guarded'>();
    const fired = this.#fired.map(Number);
    const losses = this.#selected.map((_, place) => this.#divergences.get(place) ?? 0);
    const tokens = this.#selected.map((index) => this.#tokens(index));
    log.add(
      this.#selected.map((index) => targets.sampleIds[index] as string),
      { 'guard/fired': fired, 'guard/loss': losses, 'guard/tokens': tokens },
    );
    const { ['guard/fired']: firingRate = 0, ['guard/loss']: loss = 0 } = log.means();
    const { how } = this.#gradients;
    const metrics = {
      'guard/loss': loss,
      'guard/firing_rate': firingRate,
      ...this.#lengthClasses.means('guard/firing_rate', tokens, fired),
      ...(this.#weights.learnsFromFall ? { 'guard/excess': meanOf(this.#excess) } : {}),
      ...this.#gradients.finishStep(),
      ...(how === null ? { 'guard/weight': this.weight } : {}),
    };
    const weights = this.#weights.of(this.#selected);
    const weightedLoss = how === null ? meanOf(losses.map((one, i) => one * weights[i]!)) : 0;
    const seen = { targets: this.#selected, fired, excess: this.#excess };
    const others = this.#weights.measures(seen);
    this.#weights.learn(seen);
    return { weightedLoss, metrics, others, table: log.table() };
  }

  #tokens(index: number): number {
    return Math.max(1, completionLength(this.#options.targets.sequences[index] as CompletionSequence));
  }

  state(): ObjectiveState {
    return guardState(this.#weights, { random: this.#random }, this.#options.targets);
  }

  restore(state: ObjectiveState): void {
    this.#random = restoreGuard(state, this.#weights, this.#options.targets, { random: this.#random }).random;
  }
}
