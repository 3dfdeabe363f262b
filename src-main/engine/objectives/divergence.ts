import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import { crossEntropyDivergence } from '../guard/guard.ts';
import { headDivergence, headLogProbs } from '../losses/head.ts';
import type { ComparedWith } from '../losses/head-divergence.ts';
import { type Batch, completionHidden, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { withoutGradient } from '../models/custom-gradient.ts';
import type { NativeOps } from '../ports.ts';

/** What a policy's pass says about guarded responses; the first sequences of the batch are the targets. */
export interface GuardedPass {
  batch: Batch;
  /** Completion log-probs, [sequences]. */
  sums: Tensor1D;
  /** KL from the pre-aligned model at every place of the batch; null if D is not a KL. */
  kl: Tensor1D | null;
  /** Completion tokens of each target, at least 1, [targets]. */
  tokens: Tensor1D;
}

/** The pre-aligned model at every place of the batch, for the head to compare with; null if D is not a KL. */
export function comparedWith(
  spec: Pick<GuardSpec, 'divergence'>,
  preModel: CausalLm | null,
  batch: Batch,
  ops: NativeOps,
): ComparedWith | null {
  if (!comparesDistributions(spec.divergence)) return null;
  if (preModel === null) throw new Error('the KL divergence needs the pre-aligned model');
  const hidden = withoutGradient(() => tf.tidy(() => completionHidden(preModel, batch, { ops })));
  return { model: preModel, hidden, masked: spec.divergence === 'masked-kl' };
}

/** The head over a pass's places → log p(label) [tokens], and the KL of the first of them if there is something to compare with. */
export function headOf(
  model: CausalLm,
  hidden: Tensor2D,
  labels: Tensor1D,
  before: ComparedWith | null,
  ops: NativeOps,
): { logProbs: Tensor1D; kl: Tensor1D | null } {
  if (before === null) return { logProbs: headLogProbs(model, hidden, labels, { ops }), kl: null };
  const { logProbs, divergence } = headDivergence(model, hidden, labels, before, { ops });
  return { logProbs, kl: divergence };
}

/** D(x) of the targets → [targets]. */
export function divergenceOf(spec: Pick<GuardSpec, 'reduction'>, { batch, sums, kl, tokens }: GuardedPass): Tensor1D {
  const count = tokens.shape[0];
  if (kl === null) return crossEntropyDivergence(tf.slice(sums, [0], [count]), tokens, spec.reduction);
  const summed: Tensor1D = tf.slice(sumPerSequence(kl, batch), [0], [count]);
  return spec.reduction === 'token-sum' ? summed : tf.div(summed, tokens);
}
