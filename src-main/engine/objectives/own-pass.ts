import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { gateNumbers, guardTerm, implicitRewardFall, type GuardTerm } from '../guard/guard.ts';
import { layoutBatch, type BatchLayout, type CompletionSequence } from '../losses/layout.ts';
import { completionHidden, labelLogProbs, sumPerSequence } from '../losses/token-log-probs.ts';
import type { Gradients } from '../optim/adamw.ts';
import { lossGradients } from '../optim/gradients.ts';
import type { RandomStream } from '../ports.ts';
import { disposeDistributions, divergenceOf, preDistributions } from './divergence.ts';
import type { PairGuardOptions } from './pair-guard.ts';

/** The instances of one pass and what to make of them. */
export interface OwnPassTask {
  /** Which targets, by index. */
  chosen: readonly number[];
  /** How far each training pair's margin fell, for a margin gate without responses of its own to compare with. */
  pairMargins: Float32Array;
  random: RandomStream;
  /** λ / instances of the step; 0 measures only. */
  factor: number;
  trainable: ReadonlyMap<string, Variable>;
}

/** Per instance I(x) and I(x)·D(x), and the gradients of factor·Σ(I·D); null where nothing pulls. */
export interface OwnPassOutcome {
  fired: Float32Array;
  loss: Float32Array;
  gradients: Gradients | null;
}

/** A guard's passes over responses that the alignment's own pass does not see. */
export class OwnPass {
  readonly #options: PairGuardOptions;

  constructor(options: PairGuardOptions) {
    this.#options = options;
  }

  /** Gate and divergence in one pass over every instance: best where most fire. */
  async together(task: OwnPassTask): Promise<OwnPassOutcome> {
    const { chosen } = task;
    const layout = this.#comparedLayout(chosen);
    const { numbers, gradients } = await this.#measured(task, layout, (pass) => {
      const fall = this.#fall(task, layout, pass.sums);
      const term = guardTerm({ fall, divergence: pass.divergence(chosen.length) }, this.#options.spec, task.random);
      return { told: tf.concat([term.fired, term.loss]), term };
    });
    return { fired: numbers.subarray(0, chosen.length), loss: numbers.subarray(chosen.length), gradients };
  }

  /** The gate by a forward pass without gradients, then the divergence of those that fired alone: best where few fire. */
  async gateFirst(task: OwnPassTask): Promise<OwnPassOutcome> {
    const { spec, targets } = this.#options;
    const fall = await this.#fallNumbers(task);
    const fired = Float32Array.from(gateNumbers(fall, spec, task.random), Number);
    const loss = new Float32Array(fired.length);
    const places = [...fired.keys()].filter((place) => fired[place] === 1);
    if (places.length === 0) return { fired, loss, gradients: null };
    const layout = layoutBatch(
      places.map((place) => targets.sequences[task.chosen[place] as number] as CompletionSequence),
    );
    const { numbers, gradients } = await this.#measured(task, layout, (pass) => {
      const divergence = pass.divergence(places.length);
      return { told: divergence, term: { loss: divergence } };
    });
    places.forEach((place, i) => (loss[place] = numbers[i] as number));
    return { fired, loss, gradients };
  }

  /** One pass of the policy over the layout, with gradients of factor·Σ loss unless the factor is 0. */
  async #measured(
    { factor, trainable }: OwnPassTask,
    layout: BatchLayout,
    termOf: (pass: { sums: Tensor1D; divergence: (count: number) => Tensor1D }) => {
      told: Tensor1D;
      term: Pick<GuardTerm, 'loss'>;
    },
  ): Promise<{ numbers: Float32Array; gradients: Gradients | null }> {
    const { spec, model, preModel, ops } = this.#options;
    const pre = preDistributions(spec, preModel, layout, ops);
    let measured: Tensor1D | undefined;
    const forward = (): Scalar => {
      const logits = model.logits(completionHidden(model, layout));
      const sums = sumPerSequence(labelLogProbs(logits, layout.labels, ops), layout);
      const divergence = (count: number) => divergenceOf(spec, { layout, logits, sums, pre }, count, ops);
      const { told, term } = termOf({ sums, divergence });
      measured = tf.keep(told);
      return tf.mul(tf.sum(term.loss), factor) as Scalar;
    };
    const result = factor === 0 ? { value: tf.tidy(forward), gradients: null } : lossGradients(trainable, forward);
    if (measured === undefined) throw new Error('the guard did not run');
    const numbers = (await measured.data()) as Float32Array;
    tf.dispose([measured, result.value]);
    disposeDistributions(pre);
    return { numbers, gradients: result.gradients };
  }

  /** A pass is needed only where the gate looks at the targets' own log-probs. */
  async #fallNumbers(task: OwnPassTask): Promise<readonly number[]> {
    const { spec, model, ops, targets } = this.#options;
    if (spec.kind !== 'flipguard') return task.chosen.map(() => 0);
    if (spec.gate === 'margin' && targets.others === undefined) return [...task.pairMargins];
    const layout = this.#comparedLayout(task.chosen);
    const fall = tf.tidy(() => {
      const logits = model.logits(completionHidden(model, layout));
      return this.#fall(task, layout, sumPerSequence(labelLogProbs(logits, layout.labels, ops), layout));
    });
    const numbers = await fall.data();
    fall.dispose();
    return [...numbers];
  }

  /** The targets, then what their margins are taken against. */
  #comparedLayout(chosen: readonly number[]): BatchLayout {
    const { spec, targets } = this.#options;
    const pick = (from: readonly CompletionSequence[]) => chosen.map((index) => from[index] as CompletionSequence);
    const compared = spec.gate === 'margin' && targets.others !== undefined ? pick(targets.others.sequences) : [];
    return layoutBatch([...pick(targets.sequences), ...compared]);
  }

  #fall({ chosen, pairMargins }: OwnPassTask, layout: BatchLayout, sums: Tensor1D): Tensor1D {
    const { spec, targets, beta } = this.#options;
    const count = chosen.length;
    const target: Tensor1D = tf.slice(sums, [0], [count]);
    const targetTokens = tf.tensor1d(layout.counts.slice(0, count).map((tokens) => Math.max(1, tokens)));
    const preOf = (values: Float32Array) => tf.tensor1d(chosen.map((index) => values[index] as number));
    const values = { target, preTarget: preOf(targets.pre), targetTokens };
    if (spec.gate !== 'margin') return implicitRewardFall(values, spec.gate, beta);
    if (targets.others === undefined) return tf.tensor1d(pairMargins);
    const other = { logProbs: tf.slice(sums, [count], [count]) as Tensor1D, pre: preOf(targets.others.pre) };
    return implicitRewardFall({ ...values, other }, 'margin', beta);
  }
}
