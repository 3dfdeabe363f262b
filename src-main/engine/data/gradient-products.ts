import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { headLogProbs } from '../losses/head.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { Gradients } from '../optim/adamw.ts';
import { disposeGradients, lossGradients } from '../optim/gradients.ts';
import { inputTensors } from '../passes.ts';
import type { PreferenceSample } from './tokenise.ts';

export interface GradientProduct {
  /** Largest product of the row with a flip; NaN if it has no token. */
  value: number;
  /** Index of that flip; −1 without one. */
  flip: number;
}

export interface ProductOptions {
  /** Called after every row; it may wait, or throw to cancel. */
  onProgress?: (done: number, total: number) => Promise<void> | void;
  limits?: { parameters: number; numbers: number };
}

/** The gradients of all flips are kept in memory: as much as a machine for small models has room for. */
const usualLimits = { parameters: 50e6, numbers: 2 ** 27 };

/**
 * ⟨∇L(row), ∇log p(flip)⟩ at the model's weights, all of them, with L = log p(rejected) − log p(chosen), summed over tokens: the direction in
 * which every preference loss moves, without its weight. A small step of gradient descent on the row lowers a flip's log-probability by the
 * step times this product (TracIn, Pruthi et al. 2020, equation 1, at one checkpoint). An estimate: to first order, plain descent in place of
 * Adam, and one checkpoint in place of the path. The larger, the more suspect.
 */
export async function gradientProducts(
  model: CausalLm,
  rows: readonly PreferenceSample[],
  flips: readonly CompletionSequence[],
  { onProgress, limits = usualLimits }: ProductOptions = {},
): Promise<GradientProduct[]> {
  const parameters = [...model.trainable.values()].reduce((sum, { size }) => sum + size, 0);
  if (parameters > limits.parameters || parameters * flips.length > limits.numbers) {
    throw new WorkbenchError(
      'unsupported',
      `Gradients of ${flips.length} flips of a model with ${parameters} parameters are too large to be held against rows.`,
      { remedy: 'Choose fewer flips, or another score: CHES takes any model.' },
    );
  }
  const held: Tensor1D[] = [];
  try {
    for (const flip of flips) {
      held.push(flatGradient(model, [flip], [1]));
      await onProgress?.(0, rows.length);
    }
    const matrix = held.length === 0 ? null : (tf.stack(held) as Tensor2D);
    try {
      const found: GradientProduct[] = [];
      for (const { chosen, rejected } of rows) {
        found.push(await largest(model, matrix, [chosen, rejected]));
        await onProgress?.(found.length, rows.length);
      }
      return found;
    } finally {
      matrix?.dispose();
    }
  } finally {
    tf.dispose(held);
  }
}

async function largest(
  model: CausalLm,
  flips: Tensor2D | null,
  pair: readonly [CompletionSequence, CompletionSequence],
): Promise<GradientProduct> {
  const nothing = { value: Number.NaN, flip: -1 };
  if (flips === null || pair.some(({ ids, from }) => from >= ids.length)) return nothing;
  const row = flatGradient(model, pair, [-1, 1]);
  const products = tf.tidy(() => tf.squeeze(tf.matMul(flips, tf.reshape(row, [-1, 1])), [1]) as Tensor1D);
  const values = (await products.data()) as Float32Array;
  tf.dispose([row, products]);
  let best: GradientProduct = nothing;
  values.forEach((value, flip) => {
    if (best.flip === -1 || value > best.value) best = { value, flip };
  });
  return best;
}

/** ∇ Σ signs·log p(completion) by every trainable weight, as one vector in their order; 0 for a weight that plays no part in it. */
function flatGradient(model: CausalLm, sequences: readonly CompletionSequence[], signs: readonly number[]): Tensor1D {
  const layout = layoutFor(model, sequences, false);
  const inputs = inputTensors(batchInputs(model, layout));
  const { value, gradients } = lossGradients(model.trainable, () => {
    const batch = batchOf(layout.form, inputs);
    const sums = sumPerSequence(headLogProbs(model, completionHidden(model, batch), batch.labels), batch);
    return tf.sum(tf.mul(sums, tf.tensor1d([...signs]))) as Scalar;
  });
  tf.dispose([value, ...Object.values(inputs)]);
  const flat = flattened(model, gradients);
  disposeGradients(gradients);
  return flat;
}

function flattened(model: CausalLm, gradients: Gradients): Tensor1D {
  return tf.tidy(() =>
    tf.concat1d(
      [...model.trainable].map(([name, { size }]) => {
        const gradient = gradients.get(name);
        return gradient === undefined ? tf.zeros<tf.Rank.R1>([size]) : (tf.reshape(gradient, [size]) as Tensor1D);
      }),
    ),
  );
}
