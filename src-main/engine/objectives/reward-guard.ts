import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { gateNumbers, nextGuardWeight } from '../guard/guard.ts';
import { completionLength, layoutBatch, type CompletionSequence } from '../losses/layout.ts';
import { completionHidden, labelLogProbs, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { Gradients } from '../optim/adamw.ts';
import { addGradients, lossGradients } from '../optim/gradients.ts';
import type { NativeOps, RandomStream } from '../ports.ts';
import type { RewardFunction, Rollout, SampleRollouts } from '../rollouts/rollouts.ts';
import { disposeDistributions, divergenceOf, preDistributions } from './divergence.ts';
import { guardState, restoreGuard } from './guard-state.ts';
import { LengthClasses } from './length-classes.ts';
import { microBatches, SampleLog, type ObjectiveState, type StepBatch } from './objective.ts';
import type { GuardStep, GuardTargets } from './pair-guard.ts';

/** Targets of a PPO guard: y_c of every prompt, with R(x, y_c). */
export interface RewardTargets extends Omit<GuardTargets, 'pre' | 'others'> {
  prompts: readonly PromptSample[];
  rewards: readonly number[];
  /** True when target i belongs to training prompt i, whose rollout is at hand. */
  ownPrompts: boolean;
}

export interface RewardGuardOptions {
  spec: GuardSpec;
  model: CausalLm;
  preModel: CausalLm | null;
  targets: RewardTargets;
  random: RandomStream;
  ops: NativeOps;
}

/**
 * FlipGuard beside PPO: I(x) = 1[ R(x, y_c) − R(x, y) > ε ], y the policy's own response and R the reward without its KL
 * penalty. The gate is set once a step, when responses are sampled; its pull then joins every update of the step.
 */
export class RewardGuard {
  weight: number;
  readonly spec: GuardSpec;
  readonly #options: RewardGuardOptions;
  readonly #lengthClasses: LengthClasses;
  #random: RandomStream;
  #chosen: number[] = [];
  #fired: boolean[] = [];
  /** D of every fired target at the last update, by place in `#chosen`. */
  #divergences = new Map<number, number>();

  constructor(options: RewardGuardOptions) {
    this.#options = options;
    this.spec = options.spec;
    this.weight = options.spec.weight;
    this.#random = options.random;
    this.#lengthClasses = new LengthClasses(options.targets.sequences.map(completionLength));
  }

  /** Sets the step's gates. Targets of a guard set have prompts of their own, which the policy answers first. */
  async gate(
    batch: StepBatch,
    rollouts: readonly Rollout[],
    scores: readonly number[],
    sample: SampleRollouts,
    reward: RewardFunction,
  ): Promise<void> {
    const { targets } = this.#options;
    this.#chosen = targets.select(batch.indices);
    this.#divergences.clear();
    const own = targets.ownPrompts ? { rollouts, scores } : await this.#answer(batch.step, sample, reward);
    const fall = this.#chosen.map((index, i) => {
      const [before, now] = [targets.rewards[index] as number, own.scores[i] as number];
      if (this.spec.gate === 'sequence') return before - now;
      return before / this.#tokens(index) - now / Math.max(1, completionLength((own.rollouts[i] as Rollout).sequence));
    });
    this.#fired = gateNumbers(fall, this.spec, this.#random);
  }

  async #answer(step: number, sample: SampleRollouts, reward: RewardFunction) {
    const prompts = this.#chosen.map((index) => this.#options.targets.prompts[index] as PromptSample);
    const rollouts = await sample(prompts, step);
    const scores = await reward(
      prompts,
      rollouts.map(({ text }) => text),
    );
    return { rollouts, scores };
  }

  /** Gradients of λ·Σ(I·D)/instances over the targets that fired; null when nothing pulls. */
  async gradients(microBatchSize: number, trainable: ReadonlyMap<string, Variable>): Promise<Gradients | null> {
    const places = this.#fired.flatMap((fired, place) => (fired ? [place] : []));
    let gradients: Gradients | null = null;
    for (const part of microBatches(places, microBatchSize)) {
      const more = await this.#pass(part, trainable);
      if (more !== null) gradients = addGradients(gradients, more);
    }
    return gradients;
  }

  /** At λ = 0 it measures only. */
  async #pass(places: readonly number[], trainable: ReadonlyMap<string, Variable>): Promise<Gradients | null> {
    const { model, preModel, ops, targets } = this.#options;
    const layout = layoutBatch(
      places.map((place) => targets.sequences[this.#chosen[place] as number] as CompletionSequence),
    );
    const pre = preDistributions(this.spec, preModel, layout, ops);
    let divergence: Tensor1D | undefined;
    const forward = (): Scalar => {
      const logits = model.logits(completionHidden(model, layout));
      const sums = sumPerSequence(labelLogProbs(logits, layout.labels, ops), layout);
      divergence = tf.keep(divergenceOf(this.spec, { layout, logits, sums, pre }, places.length, ops));
      return tf.mul(tf.sum(divergence), this.weight / this.#chosen.length) as Scalar;
    };
    const result = this.weight === 0 ? { value: tf.tidy(forward), gradients: null } : lossGradients(trainable, forward);
    if (divergence === undefined) throw new Error('the guard did not run');
    const numbers = await divergence.data();
    tf.dispose([divergence, result.value]);
    disposeDistributions(pre);
    places.forEach((place, i) => this.#divergences.set(place, numbers[i] as number));
    return result.gradients;
  }

  /** Sums the step up and moves a learned λ. */
  finishStep(): GuardStep {
    const { targets } = this.#options;
    const log = new SampleLog<'guarded'>();
    const fired = this.#fired.map(Number);
    const losses = this.#chosen.map((_, place) => this.#divergences.get(place) ?? 0);
    const tokens = this.#chosen.map((index) => this.#tokens(index));
    log.add(
      this.#chosen.map((index) => targets.sampleIds[index] as string),
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
