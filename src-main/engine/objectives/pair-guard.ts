import type { Variable } from '@tensorflow/tfjs-core';
import type { StepMetrics, SampleTable } from '../../shared/domain/metrics.ts';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import {
  drawGates,
  fallBeyond,
  guardTerm,
  implicitRewardFall,
  logProbRounding,
  type GuardTerm,
} from '../guard/guard.ts';
import { GuardWeights } from '../guard/weights.ts';
import type { PairLogProbs } from '../losses/dpo.ts';
import type { DataPosition } from '../data/order.ts';
import { completionLength, type BatchLayout, type CompletionSequence } from '../losses/layout.ts';
import type { ComparedWith } from '../losses/head-divergence.ts';
import { batchInputs, batchOf, layoutFor } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { Passes, PassInputs, PassTensors, StepGradients } from '../passes.ts';
import type { NativeOps, RandomStream } from '../ports.ts';
import { comparedWith, divergenceOf, type GuardedPass } from './divergence.ts';
import { GuardGradients } from './guard-gradients.ts';
import { guardState, restoreGuard } from './guard-state.ts';
import { LengthClasses } from './length-classes.ts';
import { meanOf, SampleLog, type ObjectiveState } from './objective.ts';
import { type GuardNumbers, OwnPass } from './own-pass.ts';

/** The responses a guard holds the policy to, with their log-probs under the pre-aligned model. */
export interface GuardTargets {
  sampleIds: readonly string[];
  sequences: readonly CompletionSequence[];
  pre: Float32Array;
  /** The slice of each, where λ is learned per slice. */
  slices?: readonly string[];
  /** The responses that a guard set's margins are taken against. */
  others?: { sequences: readonly CompletionSequence[]; pre: Float32Array };
  /** Which targets go with these training samples: their own, or the next of a guard set. */
  select(indices: readonly number[]): number[];
  /** The position in a guard set's own order, and how to return to it. */
  position?(): DataPosition;
  seek?(position: DataPosition): void;
}

export interface PairGuardOptions {
  spec: GuardSpec;
  beta: number;
  model: CausalLm;
  /** The pre-aligned model, live; the full-vocabulary KL needs its distribution. */
  preModel: CausalLm | null;
  targets: GuardTargets;
  random: RandomStream;
  ops: NativeOps;
  /** The run's, if passes are compiled; otherwise the guard's own. */
  passes?: Passes;
  /** The same as for the policy's passes. */
  checkpointing?: boolean | undefined;
}

/** What the guard did in one step. */
export interface GuardStep {
  /** Mean of λ·I·D; 0 if the guard's gradients meet those of training. */
  weightedLoss: number;
  metrics: StepMetrics;
  /** λ and what controls it, slice by slice. */
  others: Record<string, number>;
  /** What it did, by the samples it held the policy to. */
  table: SampleTable<'guarded'>;
}

/** A forward pass is a third of one with gradients, so gating first pays below this firing rate. */
const mostForGateFirst = 2 / 3;

/** What a guard on the chosen responses brings into the alignment's pass. */
export interface GuardedChosen {
  /** For the chosen responses alone; their completion tokens are the first of the alignment's. Null if D is not a KL. */
  layout: BatchLayout | null;
  inputs: PassInputs;
}

/** Prefix of the names of the guard's arrays in the alignment's pass. */
const guardPrefix = 'guard ';

/**
 * A guard with a pairwise loss. On the chosen responses it rides along in the alignment's own pass: the cross-entropy costs
 * next to nothing, KL a forward pass of the pre-aligned model. On other responses it takes a pass of its own.
 */
export class PairGuard {
  readonly spec: GuardSpec;
  readonly ridesAlong: boolean;
  readonly #options: PairGuardOptions;
  readonly #lengthClasses: LengthClasses;
  readonly #pass: OwnPass;
  readonly #weights: GuardWeights;
  readonly #gradients: GuardGradients;
  /** The step's targets, in the order of the log. */
  #targets: number[] = [];
  #excess: number[] = [];
  #random: RandomStream;
  /** Of the last step. */
  #firingRate = 0;
  #log = new SampleLog<'guarded'>();

  constructor(options: PairGuardOptions) {
    this.#options = options;
    this.spec = options.spec;
    this.#weights = new GuardWeights(options.spec, options.targets.slices);
    this.#gradients = new GuardGradients(options.spec);
    this.ridesAlong = options.spec.target === 'chosen' && this.#gradients.how === null;
    this.#pass = new OwnPass(options);
    this.#random = options.random;
    this.#lengthClasses = new LengthClasses(options.targets.sequences.map(completionLength));
  }

  /** λ; with slices, their mean. */
  get weight(): number {
    return this.#weights.mean;
  }

  set weight(weight: number) {
    this.#weights.mean = weight;
  }

  /** At λ = 0 the guard stays out of the gradients, so that the run equals the unguarded one bit for bit. */
  get isIdle(): boolean {
    return this.#weights.isIdle;
  }

  /** Before the alignment's pass over these pairs. */
  chosenOf(indices: readonly number[], rounded: boolean): GuardedChosen {
    const { targets, preModel } = this.#options;
    const selected = targets.select(indices);
    const gates = {
      'guard gates': drawGates(this.spec, selected.length, this.#random),
      'guard weights': this.#weights.of(selected),
    };
    if (!comparesDistributions(this.spec.divergence) || preModel === null) return { layout: null, inputs: gates };
    const chosen = selected.map((index) => targets.sequences[index] as CompletionSequence);
    const layout = layoutFor(preModel, chosen, rounded);
    return { layout, inputs: { ...gates, ...batchInputs(preModel, layout, guardPrefix) } };
  }

  /** What the alignment's head compares its first places with, those of the chosen responses. */
  comparedWith({ layout }: GuardedChosen, tensors: PassTensors): ComparedWith | null {
    const { ops, preModel } = this.#options;
    return layout === null ? null : comparedWith(this.spec, preModel, batchOf(layout.form, tensors, guardPrefix), ops);
  }

  /** The guard's term for the pairs at hand, inside the gradient of the alignment's pass, whose sequences begin with the chosen. */
  rideAlong(
    pairs: PairLogProbs,
    { layout }: GuardedChosen,
    tensors: PassTensors,
    pass: Pick<GuardedPass, 'batch' | 'sums' | 'kl'>,
  ): GuardTerm {
    const fall = implicitRewardFall(
      {
        target: pairs.chosen,
        preTarget: pairs.refChosen,
        targetTokens: pairs.chosenTokens,
        other: { logProbs: pairs.rejected, pre: pairs.refRejected },
      },
      this.spec.gate,
      this.#options.beta,
      logProbRounding,
    );
    if (this.spec.divergence === 'fall') {
      return guardTerm({ fall, divergence: fallBeyond(fall, this.spec.epsilon) }, this.spec, tensors['guard gates']!);
    }
    const batch = layout === null ? pass.batch : batchOf(layout.form, tensors, guardPrefix);
    const divergence = divergenceOf(this.spec, { ...pass, batch, tokens: pairs.chosenTokens });
    return guardTerm({ fall, divergence }, this.spec, tensors['guard gates']!);
  }

  /** Records what rode along, read back as numbers. */
  noteRideAlong(indices: readonly number[], numbers: GuardNumbers): void {
    this.#note(this.#options.targets.select(indices), numbers);
  }

  /**
   * A pass of the guard's own. `pairMargins`: how far each pair's margin fell, for the margin gate.
   * Adds the gradients of Σ(λ·I·D)/stepSize to `sum`, or keeps those of Σ(I·D)/stepSize until they meet; none while λ is 0.
   */
  async ownPass(
    indices: readonly number[],
    pairMargins: Float32Array,
    stepSize: number,
    trainable: ReadonlyMap<string, Variable>,
    sum: StepGradients,
  ): Promise<StepGradients> {
    const selected = this.#options.targets.select(indices);
    const factors = this.#gradients.factors(this.#weights.of(selected), stepSize);
    return this.#gradients.take(sum, async (before) => {
      const task = { selected, pairMargins, random: this.#random, factors, trainable, sum: before };
      const outcome = await (this.#gatesFirst ? this.#pass.gateFirst(task) : this.#pass.together(task));
      this.#note(selected, outcome);
      return outcome.sum;
    });
  }

  /** Before the passes of another update in the same step: what is reported is what the last one saw. */
  startUpdate(): void {
    this.#log = new SampleLog();
    [this.#targets, this.#excess] = [[], []];
  }

  /** Before an update, after the passes whose gradients it applies. */
  met(sum: StepGradients): Promise<StepGradients> {
    return this.#gradients.met(sum);
  }

  /** For when few fire. A gate that does not look at the fall has none to learn λ from. */
  get #gatesFirst(): boolean {
    if (this.spec.divergence === 'fall') return false;
    if (this.spec.kind === 'flipguard') return this.#firingRate < mostForGateFirst;
    return !this.#weights.learnsFromFall;
  }

  /** Sums the step up, moves a learned λ, and starts the next step's record. */
  finishStep(): GuardStep {
    const { ['guard/fired']: firingRate = 0, ['guard/loss']: loss = 0 } = this.#log.means();
    const fired = this.#log.column('guard/fired');
    const { how } = this.#gradients;
    const metrics: StepMetrics = {
      'guard/loss': loss,
      'guard/firing_rate': firingRate,
      ...this.#lengthClasses.means('guard/firing_rate', this.#log.column('guard/tokens'), fired),
      ...(this.#weights.learnsFromFall ? { 'guard/excess': meanOf(this.#excess) } : {}),
      ...this.#gradients.finishStep(),
      ...(how === null ? { 'guard/weight': this.weight } : {}),
    };
    const table = this.#log.table();
    const weights = this.#weights.of(this.#targets);
    const losses = this.#log.column('guard/loss');
    const weightedLoss = how === null && losses.length > 0 ? meanOf(losses.map((one, i) => one * weights[i]!)) : 0;
    const seen = { targets: this.#targets, fired, excess: this.#excess };
    const others = this.#weights.measures(seen);
    this.#weights.learn(seen);
    this.#firingRate = firingRate;
    this.startUpdate();
    return { weightedLoss, metrics, others, table };
  }

  #note(selected: readonly number[], { fired, loss, fall }: GuardNumbers): void {
    const { targets } = this.#options;
    this.#targets.push(...selected);
    this.#excess.push(...Array.from(fall, (one) => Math.max(0, one - this.spec.epsilon)));
    const tokens = selected.map((index) => completionLength(targets.sequences[index] as CompletionSequence));
    const ids = selected.map((index) => targets.sampleIds[index] as string);
    this.#log.add(ids, { 'guard/fired': fired, 'guard/loss': loss, 'guard/tokens': tokens });
  }

  state(): ObjectiveState {
    const progress = { random: this.#random, firingRate: this.#firingRate };
    return guardState(this.#weights, progress, this.#options.targets);
  }

  restore(state: ObjectiveState): void {
    const now = { random: this.#random, firingRate: this.#firingRate };
    const { random, firingRate } = restoreGuard(state, this.#weights, this.#options.targets, now);
    this.#random = random;
    this.#firingRate = firingRate;
  }
}
