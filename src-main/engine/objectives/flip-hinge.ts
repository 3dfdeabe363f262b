import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { usualHinge } from '../../shared/domain/spec-defaults.ts';
import { hingeOf, leadOf } from '../guard/flip-hinge.ts';
import { GuardWeights } from '../guard/weights.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassTensors, type StepGradients } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { GuardGradients } from './guard-gradients.ts';
import { guardState, restoreGuard } from './guard-state.ts';
import {
  meanOf,
  microBatches,
  SampleLog,
  type ApplyGradients,
  type Objective,
  type ObjectiveState,
  type StepBatch,
  type StepOutcome,
} from './objective.ts';
import type { GuardStep, GuardTargets } from './pair-guard.ts';

/** Texts that a hinge reads, one after the other in an order of their own, with the tokens it holds in each: 0 or 1 per completion token. */
export interface HingeTargets extends Omit<GuardTargets, 'pre' | 'others'> {
  held: readonly Float32Array[];
  /** What precedes each text; used to find a sample of an evaluation again. */
  prompts?: readonly string[];
}

export interface FlipHingeOptions {
  spec: GuardSpec;
  model: CausalLm;
  targets: HingeTargets;
  ops: NativeOps;
  /** The same as for the policy's passes. */
  checkpointing?: boolean | undefined;
}

/** What one guard sample showed at the step's last update. */
interface HingeNumbers {
  loss: number;
  /** Held tokens whose lead is below the margin. */
  near: number;
  /** Held tokens whose lead is gone: greedy decoding chooses another. */
  flipped: number;
}

/**
 * The flip hinge: L = L_align + λ · mean over guard samples of D, D the mean (or sum) over a sample's tokens of
 * held · max(0, margin − (z_target − max other z)). It pulls only where a token that the old model chose rightly is about to flip. It knows
 * nothing about the alignment, joins each of its updates, and so works with any algorithm that trains a policy. With `guard.combine` its
 * gradient is not added: training's is projected off it, or loses the coordinates in which the two disagree.
 */
export class FlipHingeObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly heads?: ReadonlyMap<string, Variable>;
  readonly #inner: Objective;
  readonly #options: FlipHingeOptions;
  readonly #passes: Passes;
  readonly #weights: GuardWeights;
  readonly #gradients: GuardGradients;

  constructor(inner: Objective, options: FlipHingeOptions) {
    this.#inner = inner;
    this.#options = options;
    this.#passes = new Passes(options.ops, options.model);
    this.#weights = new GuardWeights(options.spec, options.targets.slices);
    this.#gradients = new GuardGradients(options.spec);
    this.sampleIds = inner.sampleIds;
    this.lengths = inner.lengths;
    this.trainable = inner.trainable;
    if (inner.heads !== undefined) this.heads = inner.heads;
  }

  /** λ; with slices, their mean. */
  get guardWeight(): number {
    return this.#weights.mean;
  }

  set guardWeight(weight: number) {
    this.#weights.mean = weight;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const selected = this.#options.targets.select(batch.indices);
    const seen = new Map<number, HingeNumbers>();
    const outcome = await this.#inner.step(batch, async (gradients, loss, norm) => {
      // At λ = 0 the guard only observes, so that the run equals the unguarded one bit for bit.
      if (this.#weights.isIdle || selected.length === 0) return apply(gradients, loss, norm);
      const training = { gradients, norm: norm ?? Number.NaN };
      const pass = (sum: StepGradients | null) => this.#pull(selected, batch.microBatchSize, sum, seen);
      const together = await this.#gradients.met(await this.#gradients.take(training, pass));
      return apply(together.gradients, loss + this.#weighted(selected, seen), together.norm);
    });
    if (seen.size === 0) await this.#look(selected, batch.microBatchSize, seen);
    const { weightedLoss, metrics, others, table } = this.#finish(selected, seen);
    const { loss } = outcome.metrics;
    return {
      metrics: { ...outcome.metrics, ...(loss === undefined ? {} : { loss: loss + weightedLoss }), ...metrics },
      others: { ...outcome.others, ...others },
      tables: { ...outcome.tables, guarded: table },
      tokens: outcome.tokens + selected.reduce((sum, index) => sum + this.#sequence(index).ids.length, 0),
    };
  }

  /** The sum with the gradients of λ·Σ D/samples or, if they meet training's, of Σ D/samples. */
  async #pull(
    selected: readonly number[],
    size: number,
    sum: StepGradients | null,
    seen: Map<number, HingeNumbers>,
  ): Promise<StepGradients | null> {
    const weights = this.#gradients.how === null ? this.#weights.of(selected) : undefined;
    for (const part of placesOf(selected, size)) {
      const task = this.#task(part, selected, 1 / selected.length, weights);
      const outcome = await this.#passes.gradients(task, this.#options.model.trainable, sum);
      this.#note(part, selected, outcome.told, seen);
      sum = outcome.sum;
    }
    return sum;
  }

  async #look(selected: readonly number[], size: number, seen: Map<number, HingeNumbers>): Promise<void> {
    for (const part of placesOf(selected, size)) {
      const task = this.#task(part, selected, 0);
      this.#note(part, selected, await this.#passes.measure(task, { always: true }), seen);
    }
  }

  /** Reports the lead of each token. The loss is that of factor·Σ λ·D over the part's texts, λ by index, 1 if none are given. */
  #task(part: readonly number[], selected: readonly number[], factor: number, weights?: Float32Array) {
    const { model, ops, spec, targets, checkpointing } = this.#options;
    const indices = part.map((place) => selected[place] as number);
    const layout = layoutFor(
      model,
      indices.map((index) => this.#sequence(index)),
      this.#passes.rounded,
    );
    const held = new Float32Array(layout.form.tokens);
    const share = new Float32Array(layout.form.tokens);
    indices.forEach((index, i) => {
      const start = layout.starts[i] as number;
      const tokens = layout.counts[i] as number;
      held.set(targets.held[index] as Float32Array, start);
      const weight = weights?.[part[i] as number] ?? 1;
      share.fill(weight / (spec.reduction === 'token-sum' ? 1 : Math.max(1, tokens)), start, start + tokens);
    });
    const margin = spec.margin ?? usualHinge.margin;
    return {
      key: `flip hinge ${JSON.stringify(layout.form)}`,
      inputs: { ...batchInputs(model, layout), held, share, factor: Float32Array.of(factor) },
      build: (tensors: PassTensors) => {
        const passed = batchOf(layout.form, tensors);
        const hidden = completionHidden(model, passed, { ops, checkpointing });
        const leads = leadOf(model, hidden, passed.labels);
        const hinge = tf.mul(hingeOf(leads, tensors['held']!, margin), tensors['share']!);
        return { told: leads, loss: tf.mul(tf.sum(hinge), tf.squeeze(tensors['factor']!)) as Scalar };
      },
    };
  }

  #note(
    part: readonly number[],
    selected: readonly number[],
    leads: Float32Array,
    seen: Map<number, HingeNumbers>,
  ): void {
    const { spec, targets } = this.#options;
    const margin = spec.margin ?? usualHinge.margin;
    let at = 0;
    for (const place of part) {
      const held = targets.held[selected[place] as number] as Float32Array;
      const numbers = { loss: 0, near: 0, flipped: 0 };
      held.forEach((isHeld, token) => {
        const lead = leads[at + token] as number;
        if (isHeld === 0) return;
        numbers.loss += Math.max(0, margin - lead);
        if (lead < margin) numbers.near += 1;
        if (lead < 0) numbers.flipped += 1;
      });
      if (spec.reduction === 'token-mean') numbers.loss /= Math.max(1, held.length);
      seen.set(place, numbers);
      at += held.length;
    }
  }

  #finish(selected: readonly number[], seen: ReadonlyMap<number, HingeNumbers>): GuardStep {
    const { targets } = this.#options;
    const log = new SampleLog<'guarded'>();
    const all = selected.map((_, place) => seen.get(place)!);
    const held = selected.map((index) => (targets.held[index] as Float32Array).reduce((sum, one) => sum + one, 0));
    log.add(
      selected.map((index) => targets.sampleIds[index] as string),
      {
        'guard/fired': all.map(({ near }) => Number(near > 0)),
        'guard/loss': all.map(({ loss }) => loss),
        'guard/tokens': selected.map((index) => (targets.held[index] as Float32Array).length),
        'guard/held_tokens': held,
        'guard/near_tokens': all.map(({ near }) => near),
        'guard/flipped_tokens': all.map(({ flipped }) => flipped),
      },
    );
    const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    const ofHeld = (values: readonly number[]) => total(values) / Math.max(1, total(held));
    const loss = meanOf(all.map((one) => one.loss));
    const firingRate = ofHeld(all.map(({ near }) => near));
    const metrics = {
      'guard/loss': loss,
      'guard/firing_rate': firingRate,
      'guard/flipped': ofHeld(all.map(({ flipped }) => flipped)),
      ...(this.#weights.learnsFromFall ? { 'guard/excess': loss } : {}),
      ...this.#gradients.finishStep(),
      ...(this.#gradients.how === null ? { 'guard/weight': this.guardWeight } : {}),
    };
    const weightedLoss = this.#weighted(selected, seen);
    const measured = {
      targets: selected,
      fired: all.map(({ near }) => near),
      mayFire: held,
      excess: all.map((one) => one.loss),
    };
    const others = this.#weights.measures(measured);
    this.#weights.learn(measured);
    const { prompts } = targets;
    const known = prompts === undefined ? {} : { prompts: selected.map((index) => prompts[index] as string) };
    return { weightedLoss, metrics, others, table: { ...log.table(), ...known } };
  }

  /** Mean of λ·D over the step's texts; 0 if gradients meet, which is not a sum of losses. */
  #weighted(selected: readonly number[], seen: ReadonlyMap<number, HingeNumbers>): number {
    if (this.#gradients.how !== null) return 0;
    const weights = this.#weights.of(selected);
    return meanOf(selected.map((_, place) => weights[place]! * seen.get(place)!.loss));
  }

  #sequence(index: number): CompletionSequence {
    return this.#options.targets.sequences[index] as CompletionSequence;
  }

  state(): ObjectiveState {
    const own = guardState(this.#weights, {}, this.#options.targets);
    return { ...this.#inner.state(), ...own };
  }

  restore(state: ObjectiveState): void {
    this.#inner.restore(state);
    restoreGuard(state, this.#weights, this.#options.targets, {});
  }

  dispose(): void {
    this.#passes.dispose();
    this.#inner.dispose();
  }
}

function placesOf(selected: readonly number[], size: number) {
  return microBatches([...selected.keys()], size);
}
