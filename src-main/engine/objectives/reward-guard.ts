import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import { gateNumbers, nextGuardWeight } from '../guard/guard.ts';
import { completionLength, type CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps, RandomStream } from '../ports.ts';
import type { RewardFunction, SampleRollouts } from '../rollouts/rollouts.ts';
import { answersOf, type PromptAnswer } from '../rollouts/groups.ts';
import { comparedWith, divergenceOf, headOf } from './divergence.ts';
import { guardState, restoreGuard } from './guard-state.ts';
import { LengthClasses } from './length-classes.ts';
import { microBatches, SampleLog, type ObjectiveState, type StepBatch } from './objective.ts';
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
  /** Answers that are drawn to a prompt of a guard set. */
  draws: number;
  model: CausalLm;
  preModel: CausalLm | null;
  targets: RewardTargets;
  random: RandomStream;
  ops: NativeOps;
}

/** A guard beside an algorithm that samples. */
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

/** Before the names of the pre-aligned model's arrays. */
const prePrefix = 'pre ';

/**
 * FlipGuard beside algorithms that sample: I(x) = 1[ R(x, y_c) − R(x, y) > ε ], y the policy's own response and R the reward without its KL
 * penalty. The gate is set once a step, when responses are sampled; its pull then joins every update of the step.
 */
export class RewardGuard implements OnPolicyGuard {
  weight: number;
  readonly spec: GuardSpec;
  readonly #options: RewardGuardOptions;
  readonly #passes: Passes;
  readonly #lengthClasses: LengthClasses;
  #random: RandomStream;
  #selected: number[] = [];
  #fired: boolean[] = [];
  /** What each target's divergence counts: 1, or the reward it fell by beyond ε. */
  #amounts: number[] = [];
  /** D of every fired target at the last update, by place in `#selected`. */
  #divergences = new Map<number, number>();

  constructor(options: RewardGuardOptions) {
    this.#options = options;
    this.#passes = new Passes(options.ops);
    this.spec = options.spec;
    this.weight = options.spec.weight;
    this.#random = options.random;
    this.#lengthClasses = new LengthClasses(options.targets.sequences.map(completionLength));
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
    // No gradient passes through a sampled answer's reward: its fall weighs the pull, and so there is no jump either.
    const weighs = this.spec.divergence === 'fall';
    this.#amounts = fall.map((value) => (weighs ? Math.max(0, value - this.spec.epsilon) : 1));
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

  /** `sum` with the gradients of λ·Σ(I·D)/instances over the targets that fired. */
  async gradients(
    microBatchSize: number,
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients,
  ): Promise<StepGradients> {
    const places = this.#fired.flatMap((fired, place) => (fired ? [place] : []));
    let total = sum;
    for (const part of microBatches(places, microBatchSize)) total = await this.#pass(part, trainable, total);
    return total;
  }

  /** At λ = 0 it measures only. */
  async #pass(
    places: readonly number[],
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients,
  ): Promise<StepGradients> {
    const { model, preModel, ops, targets, spec } = this.#options;
    const sequences = places.map((place) => targets.sequences[this.#selected[place] as number] as CompletionSequence);
    const layout = layoutFor(model, sequences, this.#passes.rounded);
    const task = {
      key: `guard ${JSON.stringify(layout.form)}`,
      inputs: {
        ...batchInputs(model, layout),
        ...(comparesDistributions(spec.divergence) && preModel !== null
          ? batchInputs(preModel, layout, prePrefix)
          : {}),
        tokens: Float32Array.from(layout.counts, (tokens) => Math.max(1, tokens)),
        amounts: Float32Array.from(places, (place) => this.#amounts[place] as number),
        factor: Float32Array.of(this.weight / this.#selected.length),
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
        return { told: divergence, loss: tf.mul(tf.sum(divergence), tf.squeeze(tensors['factor']!)) as Scalar };
      },
    };
    const outcome =
      this.weight === 0
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
    const metrics = {
      'guard/loss': loss,
      'guard/firing_rate': firingRate,
      ...this.#lengthClasses.means('guard/firing_rate', tokens, fired),
      'guard/weight': this.weight,
    };
    const weightedLoss = this.weight * loss;
    this.weight = nextGuardWeight(this.weight, this.spec, firingRate);
    return { weightedLoss, metrics, table: log.table() };
  }

  #tokens(index: number): number {
    return Math.max(1, completionLength(this.#options.targets.sequences[index] as CompletionSequence));
  }

  state(): ObjectiveState {
    return guardState({ weight: this.weight, random: this.#random }, this.#options.targets);
  }

  restore(state: ObjectiveState): void {
    const now = { weight: this.weight, random: this.#random };
    const { weight, random } = restoreGuard(state, this.#options.targets, now);
    this.weight = weight;
    this.#random = random;
  }
}
