import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { crossEntropyDivergence, distributionsOf, forwardKl, type PreDistributions } from '../guard/guard.ts';
import { type Batch, completionHidden, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { withoutGradient } from '../models/custom-gradient.ts';
import type { NativeOps } from '../ports.ts';

/** A policy's pass over guarded responses; the first sequences of the batch are the targets. */
export interface GuardedPass {
  batch: Batch;
  /** [tokens, vocab] of the batch; only KL needs them. */
  logits: () => Tensor2D;
  /** Completion log-probs, [sequences]. */
  sums: Tensor1D;
  /** At every place of the batch; null where D is no KL. */
  pre: PreDistributions | null;
  /** Completion tokens of each target, at least 1, [targets]. */
  tokens: Tensor1D;
}

/** What the pre-aligned model expects at every place of the batch; null where D is no KL. */
export function preDistributions(
  spec: Pick<GuardSpec, 'divergence'>,
  preModel: CausalLm | null,
  batch: Batch,
  ops: NativeOps,
): PreDistributions | null {
  if (spec.divergence !== 'kl') return null;
  if (preModel === null) throw new Error('the KL divergence needs the pre-aligned model');
  return withoutGradient(() =>
    tf.tidy(() => distributionsOf(preModel.logits(completionHidden(preModel, batch, { ops })), ops)),
  );
}

/** D(x) of the targets → [targets]. */
export function divergenceOf(
  spec: Pick<GuardSpec, 'reduction'>,
  { batch, logits, sums, pre, tokens }: GuardedPass,
  ops: NativeOps,
): Tensor1D {
  const count = tokens.shape[0];
  if (pre === null) return crossEntropyDivergence(tf.slice(sums, [0], [count]), tokens, spec.reduction);
  const all = sumPerSequence(forwardKl(pre, logits(), ops), batch);
  const summed: Tensor1D = tf.slice(all, [0], [count]);
  return spec.reduction === 'token-sum' ? summed : tf.div(summed, tokens);
}
