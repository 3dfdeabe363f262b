import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { completionLength } from '../losses/layout.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { inputTensors } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { planPasses } from './score-sequences.ts';
import type { PreferenceSample } from './tokenise.ts';

export interface ChesOptions {
  ops?: NativeOps | undefined;
  /** Called after every pass with the pairs done; it may wait, or throw to cancel. */
  onProgress?: (done: number, total: number) => Promise<void> | void;
}

/** Pairs whose hidden states are in memory at once: two vectors each. */
const pairsAtOnce = 512;

/**
 * Centred hidden embedding similarity of each pair, per token: ⟨h(y_w), h(y_l)⟩ / (|y_w| |y_l|) − ‖h(y_w)‖² / |y_w|², where h sums
 * the last hidden states that predict the tokens of a response (Razin et al. 2024, arXiv 2410.08847, definition 2 and its length
 * normalisation). The larger, the more a step on the pair is expected to lower the chosen response. NaN for an empty response.
 */
export async function chesOf(
  model: CausalLm,
  samples: readonly PreferenceSample[],
  { ops, onProgress }: ChesOptions = {},
): Promise<Float64Array> {
  const scores = new Float64Array(samples.length);
  for (let start = 0; start < samples.length; start += pairsAtOnce) {
    const pairs = samples.slice(start, start + pairsAtOnce);
    const sequences = pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]);
    const means = new Array<Float32Array>(sequences.length);
    for (const pass of planPasses(sequences, model.config.vocabSize)) {
      const found = await meanStates(
        model,
        pass.map((index) => sequences[index] as CompletionSequence),
        ops,
      );
      pass.forEach((index, i) => (means[index] = found[i] as Float32Array));
    }
    pairs.forEach((_, i) => {
      scores[start + i] = scoreOf(means[2 * i] as Float32Array, means[2 * i + 1] as Float32Array);
    });
    await onProgress?.(start + pairs.length, samples.length);
  }
  return scores;
}

function scoreOf(chosen: Float32Array, rejected: Float32Array): number {
  let score = 0;
  chosen.forEach((value, i) => (score += value * (rejected[i] ?? 0) - value * value));
  return score;
}

/** The mean of the hidden states that predict each sequence’s completion, [dim] each; NaN if it has no token. */
async function meanStates(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  ops: NativeOps | undefined,
): Promise<Float32Array[]> {
  const layout = layoutFor(model, sequences, false);
  const sums = tf.tidy(() => {
    const batch = batchOf(layout.form, inputTensors(batchInputs(model, layout)));
    const hidden = completionHidden(model, batch, { ops });
    return tf.matMul(batch.membership, tf.cast(hidden, 'float32')) as Tensor2D;
  });
  const [, dim] = sums.shape;
  const values = (await sums.data()) as Float32Array;
  sums.dispose();
  return sequences.map((sequence, i) => {
    const tokens = completionLength(sequence);
    return values.slice(i * dim, (i + 1) * dim).map((value) => (tokens === 0 ? Number.NaN : value / tokens));
  });
}
