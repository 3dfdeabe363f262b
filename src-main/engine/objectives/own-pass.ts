import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import { drawGates, fallBeyond, gateNumbers, guardTerm, implicitRewardFall, logProbRounding } from '../guard/guard.ts';
import type { BatchLayout, CompletionSequence } from '../losses/layout.ts';
import { headLogProbs } from '../losses/head.ts';
import {
  type Batch,
  batchInputs,
  batchOf,
  completionHidden,
  layoutFor,
  sumPerSequence,
} from '../losses/token-log-probs.ts';
import { Passes, type PassInputs, type PassTensors, type StepGradients } from '../passes.ts';
import type { RandomStream } from '../ports.ts';
import { comparedWith, divergenceOf, headOf } from './divergence.ts';
import type { PairGuardOptions } from './pair-guard.ts';

/** The instances of one pass and what to make of them. */
export interface OwnPassTask {
  /** Which targets, by index. */
  selected: readonly number[];
  /** How far each training pair's margin fell, for a margin gate without responses of its own to compare with. */
  pairMargins: Float32Array;
  random: RandomStream;
  /** λ / instances of the step, for each of the selected; if all are 0, the pass only measures. */
  factors: Float32Array;
  trainable: ReadonlyMap<string, Variable>;
  /** Gradients so far; taken over. */
  sum: StepGradients | null;
}

/** Per instance I(x), I(x)·D(x), and how far the gated quantity fell; 0 for what no gate looked at. */
export interface GuardNumbers {
  fired: Float32Array;
  loss: Float32Array;
  fall: Float32Array;
}

export interface OwnPassOutcome extends GuardNumbers {
  /** The task's gradients plus those of Σ(factor·I·D). */
  sum: StepGradients | null;
}

/** Prefix of the names of the pre-aligned model's arrays. */
const prePrefix = 'pre ';

/** A guard's passes over responses that the alignment's own pass does not see. */
export class OwnPass {
  readonly #options: PairGuardOptions;
  readonly #passes: Passes;

  constructor(options: PairGuardOptions) {
    this.#options = options;
    this.#passes = options.passes ?? new Passes(options.ops, options.model);
  }

  /** Gate and divergence in one pass over every instance: best where most fire. */
  async together(task: OwnPassTask): Promise<OwnPassOutcome> {
    const { spec } = this.#options;
    const count = task.selected.length;
    const layout = this.#comparedLayout(task.selected);
    const inputs = {
      ...this.#fallInputs(task, layout),
      gates: drawGates(spec, count, task.random),
    };
    const places = task.selected.map((_, place) => place);
    const { told, sum } = await this.#measured(task, layout, places, inputs, 'guard together', (pass, tensors) => {
      const fall = this.#fall(count, tensors, pass.sums);
      const divergence = spec.divergence === 'fall' ? fallBeyond(fall, spec.epsilon) : pass.divergence();
      const term = guardTerm({ fall, divergence }, spec, tensors['gates']!);
      return { told: tf.concat([term.fired, term.loss, fall]), loss: term.loss };
    });
    const part = (at: number) => told.subarray(at * count, (at + 1) * count);
    return { fired: part(0), loss: part(1), fall: part(2), sum };
  }

  /** The gate by a forward pass without gradients, then the divergence of only those that fired: best where few fire. */
  async gateFirst(task: OwnPassTask): Promise<OwnPassOutcome> {
    const { spec, targets } = this.#options;
    const fall = Float32Array.from(await this.#fallNumbers(task));
    const fired = Float32Array.from(gateNumbers([...fall], spec, task.random), Number);
    const loss = new Float32Array(fired.length);
    const places = [...fired.keys()].filter((place) => fired[place] === 1);
    if (places.length === 0) return { fired, loss, fall, sum: task.sum };
    const sequences = places.map((place) => targets.sequences[task.selected[place] as number] as CompletionSequence);
    const layout = layoutFor(this.#options.model, sequences, this.#passes.rounded);
    const { told, sum } = await this.#measured(task, layout, places, {}, 'guard fired', (pass) => {
      const divergence = pass.divergence();
      return { told: divergence, loss: divergence };
    });
    places.forEach((place, i) => (loss[place] = told[i] as number));
    return { fired, loss, fall, sum };
  }

  /** One pass of the policy over the layout, with gradients of Σ(factor·loss) of these places unless all factors are 0. */
  async #measured(
    task: OwnPassTask,
    layout: BatchLayout,
    places: readonly number[],
    more: PassInputs,
    key: string,
    termOf: (
      pass: { sums: Tensor1D; divergence: () => Tensor1D },
      tensors: PassTensors,
    ) => { told: Tensor1D; loss: Tensor1D },
  ): Promise<{ told: Float32Array; sum: StepGradients | null }> {
    const { spec, model, preModel, ops, checkpointing } = this.#options;
    const held = this.#heldLayout(task, layout, places);
    const inputs = {
      ...batchInputs(model, layout),
      ...(held === null || preModel === null ? {} : batchInputs(preModel, held, prePrefix)),
      tokens: tokensOf(layout, places.length),
      factors: Float32Array.from(places, (place) => task.factors[place]!),
      ...more,
    };
    const build = (tensors: PassTensors) => {
      const batch = batchOf(layout.form, tensors);
      const targets = held === null ? batch : batchOf(held.form, tensors, prePrefix);
      const before = held === null ? null : comparedWith(spec, preModel, targets, ops);
      const hidden = completionHidden(model, batch, { ops, checkpointing });
      const { logProbs, kl } = headOf(model, hidden, batch.labels, before, ops);
      const pass = { batch: targets, sums: sumPerSequence(logProbs, batch), kl };
      const divergence = () => divergenceOf(spec, { ...pass, tokens: tensors['tokens']! });
      const { told, loss } = termOf({ sums: pass.sums, divergence }, tensors);
      return { told, loss: tf.sum(tf.mul(loss, tensors['factors']!)) as tf.Scalar };
    };
    const pass = { key: `${key} ${JSON.stringify([layout.form, held?.form])}`, inputs, build };
    const { factors, trainable, sum } = task;
    if (factors.every((factor) => factor === 0))
      return { told: await this.#passes.measure(pass, { always: true }), sum };
    return this.#passes.gradients(pass, trainable, sum);
  }

  /**
   * The targets alone, whose completion tokens are the first of the layout's: the pre-aligned model sees nothing else. Null if D is not a KL.
   */
  #heldLayout({ selected }: OwnPassTask, layout: BatchLayout, places: readonly number[]): BatchLayout | null {
    const { spec, preModel, targets } = this.#options;
    if (!comparesDistributions(spec.divergence)) return null;
    if (preModel === null) throw new Error('the KL divergence needs the pre-aligned model');
    if (layout.form.sequences === places.length) return layout;
    const held = places.map((place) => targets.sequences[selected[place] as number] as CompletionSequence);
    return layoutFor(preModel, held, this.#passes.rounded);
  }

  /** A pass is needed only where the gate looks at the targets' own log-probs. */
  async #fallNumbers(task: OwnPassTask): Promise<readonly number[]> {
    const { spec, model, ops, targets } = this.#options;
    if (spec.kind !== 'flipguard') return task.selected.map(() => 0);
    if (spec.gate === 'margin' && targets.others === undefined) return [...task.pairMargins];
    const layout = this.#comparedLayout(task.selected);
    const numbers = await this.#passes.measure(
      {
        key: `guard gate ${JSON.stringify(layout.form)}`,
        inputs: { ...batchInputs(model, layout), ...this.#fallInputs(task, layout) },
        build: (tensors) => {
          const batch: Batch = batchOf(layout.form, tensors);
          const hidden = completionHidden(model, batch, { ops });
          const sums = sumPerSequence(headLogProbs(model, hidden, batch.labels, { ops }), batch);
          return { told: this.#fall(task.selected.length, tensors, sums) };
        },
      },
      { always: true },
    );
    return [...numbers];
  }

  /** The targets, then what their margins are taken against. */
  #comparedLayout(selected: readonly number[]): BatchLayout {
    const { spec, targets, model } = this.#options;
    const pick = (from: readonly CompletionSequence[]) => selected.map((index) => from[index] as CompletionSequence);
    const compared = spec.gate === 'margin' && targets.others !== undefined ? pick(targets.others.sequences) : [];
    return layoutFor(model, [...pick(targets.sequences), ...compared], this.#passes.rounded);
  }

  #fallInputs({ selected, pairMargins }: OwnPassTask, layout: BatchLayout): PassInputs {
    const { targets } = this.#options;
    const preOf = (values: Float32Array) => Float32Array.from(selected, (index) => values[index] as number);
    return {
      targetTokens: tokensOf(layout, selected.length),
      preTarget: preOf(targets.pre),
      ...(targets.others === undefined ? {} : { preOther: preOf(targets.others.pre) }),
      pairMargins,
    };
  }

  #fall(count: number, tensors: PassTensors, sums: Tensor1D): Tensor1D {
    const { spec, targets, beta } = this.#options;
    const values = {
      target: tf.slice(sums, [0], [count]) as Tensor1D,
      preTarget: tensors['preTarget']!,
      targetTokens: tensors['targetTokens']!,
    };
    if (spec.gate !== 'margin') return implicitRewardFall(values, spec.gate, beta, logProbRounding);
    if (targets.others === undefined) return tensors['pairMargins']!;
    const other = { logProbs: tf.slice(sums, [count], [count]) as Tensor1D, pre: tensors['preOther']! };
    return implicitRewardFall({ ...values, other }, 'margin', beta, logProbRounding);
  }
}

/** Completion tokens of the first `count` sequences, at least 1. */
function tokensOf({ counts }: BatchLayout, count: number): Float32Array {
  return Float32Array.from(counts.slice(0, count), (tokens) => Math.max(1, tokens));
}
