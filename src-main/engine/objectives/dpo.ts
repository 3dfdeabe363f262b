import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Variable } from '@tensorflow/tfjs-core';
import type { DpoSpec } from '../../shared/domain/run-spec.ts';
import type { PreferenceSample } from '../data/tokenise.ts';
import { logProbRounding } from '../guard/guard.ts';
import { dpoLoss, type PairLogProbs } from '../losses/dpo.ts';
import { completionLength, layoutBatch } from '../losses/layout.ts';
import { completionLogProbs } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { Gradients } from '../optim/adamw.ts';
import { addGradients, lossGradients } from '../optim/gradients.ts';
import type { NativeOps } from '../ports.ts';
import { disposeDistributions } from './divergence.ts';
import type { PairGuard } from './pair-guard.ts';
import { microBatches, SampleLog } from './objective.ts';
import type { ApplyGradients, DropoutSeed, Objective, ObjectiveState, StepBatch, StepOutcome } from './objective.ts';

/** Reference log-probs of every sample, in nats, summed over completion tokens. */
export interface ReferenceLogProbs {
  chosen: Float32Array;
  rejected: Float32Array;
}

export interface DpoOptions {
  model: CausalLm;
  samples: readonly PreferenceSample[];
  reference: ReferenceLogProbs;
  spec: DpoSpec;
  guard: PairGuard | null;
  ops: NativeOps;
  dropoutSeed?: DropoutSeed | undefined;
}

/** What one micro-batch of pairs measured, as plain numbers. */
interface PairNumbers {
  losses: Float32Array;
  chosen: Float32Array;
  rejected: Float32Array;
  /** Empty unless a guard rode along. */
  fired: Float32Array;
  guardLoss: Float32Array;
}

/** DPO, alone or under a guard. Chosen and rejected responses go through the model in one batch, as in TRL. */
export class DpoObjective implements Objective {
  readonly sampleIds: readonly string[];
  readonly lengths: readonly number[];
  readonly trainable: ReadonlyMap<string, Variable>;
  readonly #options: DpoOptions;

  constructor(options: DpoOptions) {
    this.#options = options;
    this.sampleIds = options.samples.map((sample) => sample.id);
    this.lengths = options.samples.map((sample) => sample.chosen.ids.length + sample.rejected.ids.length);
    this.trainable = options.model.trainable;
  }

  get guardWeight(): number | undefined {
    return this.#options.guard?.weight;
  }

  set guardWeight(weight: number | undefined) {
    if (this.#options.guard !== null && weight !== undefined) this.#options.guard.weight = weight;
  }

  async step(batch: StepBatch, apply: ApplyGradients): Promise<StepOutcome> {
    const { guard } = this.#options;
    const log = new SampleLog<'trained'>();
    let gradients: Gradients | null = null;
    for (const indices of microBatches(batch.indices, batch.microBatchSize)) {
      const pass = await this.#pairPass(indices, batch, log);
      gradients = addGradients(gradients, pass.gradients);
      if (guard === null || guard.ridesAlong) continue;
      const own = await guard.ownPass(indices, pass.marginFalls, batch.indices.length, this.trainable);
      if (own !== null) gradients = addGradients(gradients, own);
    }
    if (gradients === null) throw new Error('a step needs samples');
    const alignment = log.means();
    const guarded = guard?.finishStep();
    const loss = (alignment['loss'] as number) + (guarded?.weightedLoss ?? 0);
    await apply(gradients, loss);
    return {
      metrics: { ...alignment, loss, ...guarded?.metrics },
      tables: { trained: log.table(), ...(guarded === undefined ? {} : { guarded: guarded.table }) },
      tokens: batch.indices.reduce((sum, index) => sum + (this.lengths[index] as number), 0),
    };
  }

  /** Gradients of one micro-batch of pairs, with the guard's term where the guard rides along. */
  async #pairPass(indices: number[], batch: StepBatch, log: SampleLog<'trained'>) {
    const { model, ops, guard, spec } = this.#options;
    const samples = indices.map((index) => this.#options.samples[index] as PreferenceSample);
    const layout = layoutBatch([...samples.map(({ chosen }) => chosen), ...samples.map(({ rejected }) => rejected)]);
    const dropoutSeed = this.#options.dropoutSeed?.(batch.step, log.sampleIds.length);
    const held = guard?.ridesAlong === true ? guard.chosenOf(indices) : null;
    let measured: Tensor1D | undefined;
    const { value, gradients } = lossGradients(this.trainable, () => {
      const pass = completionLogProbs(model, layout, { ops, dropoutSeed });
      const pairs = this.#pairLogProbs(pass.sums, indices, samples);
      const losses = dpoLoss(pairs, spec);
      const term = guard === null || held === null ? null : guard.rideAlong(pairs, held, layout, pass);
      const guardNumbers = term === null ? [] : [term.fired, term.loss];
      measured = tf.keep(tf.concat([losses, pass.sums, ...guardNumbers]));
      const aligned = tf.sum(losses);
      // At λ = 0 the guard stays out of the sum, so that the run is the unguarded one bit for bit.
      const guarded =
        term === null || guard === null || guard.weight === 0
          ? aligned
          : tf.add(aligned, tf.mul(tf.sum(term.loss), guard.weight));
      return tf.div(guarded, batch.indices.length) as Scalar;
    });
    disposeDistributions(held?.pre ?? null);
    const numbers = await readAndDispose(measured, value);
    const pairNumbers = split(numbers, indices.length);
    const marginFalls = this.#logPairs(log, indices, pairNumbers);
    if (guard?.ridesAlong === true) guard.noteRideAlong(indices, pairNumbers.fired, pairNumbers.guardLoss);
    return { gradients, marginFalls };
  }

  /** sums [chosen then rejected] → the loss's inputs, all [pairs]. */
  #pairLogProbs(sums: Tensor1D, indices: number[], samples: PreferenceSample[]): PairLogProbs {
    const { reference } = this.#options;
    const pairs = indices.length;
    const pick = (values: Float32Array) => tf.tensor1d(indices.map((index) => values[index] as number));
    return {
      chosen: tf.slice(sums, [0], [pairs]),
      rejected: tf.slice(sums, [pairs], [pairs]),
      refChosen: pick(reference.chosen),
      refRejected: pick(reference.rejected),
      chosenTokens: tf.tensor1d(samples.map(({ chosen }) => Math.max(1, completionLength(chosen)))),
      rejectedTokens: tf.tensor1d(samples.map(({ rejected }) => Math.max(1, completionLength(rejected)))),
    };
  }

  /**
   * Answers how far each pair's margin fell, in reward units. `kl/pre` is the mean of lp(pre, y) − lp(π, y) over the two
   * responses: the k1 estimate of KL(pre ‖ π), unbiased where they were sampled from the pre-aligned model.
   */
  #logPairs(log: SampleLog<'trained'>, indices: number[], numbers: PairNumbers): Float32Array {
    const { reference, spec } = this.#options;
    const gain = (logProbs: Float32Array, before: Float32Array) =>
      indices.map((index, i) => (logProbs[i] as number) - (before[index] as number));
    const chosenGain = gain(numbers.chosen, reference.chosen);
    const rejectedGain = gain(numbers.rejected, reference.rejected);
    const chosen = chosenGain.map((nats) => spec.beta * nats);
    const rejected = rejectedGain.map((nats) => spec.beta * nats);
    const margins = chosen.map((value, i) => value - (rejected[i] as number));
    log.add(
      indices.map((index) => this.sampleIds[index] as string),
      {
        loss: numbers.losses,
        'rewards/chosen': chosen,
        'rewards/rejected': rejected,
        'rewards/margins': margins,
        'rewards/accuracies': margins.map((margin, i) => (margin > this.#rounding(numbers, i) ? 1 : 0)),
        'logps/chosen': numbers.chosen,
        'logps/rejected': numbers.rejected,
        'kl/pre': chosenGain.map((nats, i) => -(nats + (rejectedGain[i] as number)) / 2),
      },
    );
    return Float32Array.from(margins, (margin) => -margin);
  }

  /** The margin, in reward units, that says nothing: an unchanged policy prefers neither response. */
  #rounding(numbers: PairNumbers, pair: number): number {
    const logProbs = Math.abs(numbers.chosen[pair] as number) + Math.abs(numbers.rejected[pair] as number);
    return this.#options.spec.beta * logProbs * logProbRounding;
  }

  state(): ObjectiveState {
    return this.#options.guard?.state() ?? {};
  }

  restore(state: ObjectiveState): void {
    this.#options.guard?.restore(state);
  }

  dispose(): void {
    // The model and its reference belong to whoever loaded them.
  }
}

async function readAndDispose(measured: Tensor1D | undefined, value: Scalar): Promise<Float32Array> {
  if (measured === undefined) throw new Error('the loss did not run');
  const numbers = (await measured.data()) as Float32Array;
  tf.dispose([measured, value]);
  return numbers;
}

function split(numbers: Float32Array, pairs: number): PairNumbers {
  return {
    losses: numbers.subarray(0, pairs),
    chosen: numbers.subarray(pairs, 2 * pairs),
    rejected: numbers.subarray(2 * pairs, 3 * pairs),
    fired: numbers.subarray(3 * pairs, 4 * pairs),
    guardLoss: numbers.subarray(4 * pairs, 5 * pairs),
  };
}
