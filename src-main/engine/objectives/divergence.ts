import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { crossEntropyDivergence, distributionsOf, forwardKl, type PreDistributions } from '../guard/guard.ts';
import type { BatchLayout } from '../losses/layout.ts';
import { completionHidden, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { NativeOps } from '../ports.ts';

/** A policy's pass over guarded responses; the first sequences of the layout are the targets. */
export interface GuardedPass {
  layout: BatchLayout;
  /** [tokens, vocab] */
  logits: Tensor2D;
  /** Completion log-probs, [sequences]. */
  sums: Tensor1D;
  /** At every place of the layout; null where D is the cross-entropy. */
  pre: PreDistributions | null;
}

/** What the pre-aligned model expects at every place of the layout; null where D is the cross-entropy. The caller disposes it. */
export function preDistributions(
  spec: Pick<GuardSpec, 'divergence'>,
  preModel: CausalLm | null,
  layout: BatchLayout,
  ops: NativeOps,
): PreDistributions | null {
  if (spec.divergence === 'ce') return null;
  if (preModel === null) throw new Error('the KL divergence needs the pre-aligned model');
  return tf.tidy(() => distributionsOf(preModel.logits(completionHidden(preModel, layout)), ops));
}

export function disposeDistributions(pre: PreDistributions | null): void {
  if (pre !== null) tf.dispose([pre.probabilities, pre.entropy]);
}

/** D(x) of the first `count` sequences → [count]. */
export function divergenceOf(
  spec: Pick<GuardSpec, 'reduction'>,
  { layout, logits, sums, pre }: GuardedPass,
  count: number,
  ops: NativeOps,
): Tensor1D {
  const tokens = tf.tensor1d(layout.counts.slice(0, count).map((tokens) => Math.max(1, tokens)));
  if (pre === null) return crossEntropyDivergence(tf.slice(sums, [0], [count]), tokens, spec.reduction);
  const all = sumPerSequence(forwardKl(pre, logits, ops), layout);
  const summed: Tensor1D = tf.slice(all, [0], [count]);
  return spec.reduction === 'token-sum' ? summed : tf.div(summed, tokens);
}
