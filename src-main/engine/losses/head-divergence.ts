import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { softCapped } from '../models/soft-cap.ts';
import type { FusedOps, NativeOps } from '../ports.ts';

/** What the distributions of the first rows of a head's pass are compared with; no gradient reaches it. */
export interface ComparedWith {
  model: CausalLm;
  /** [compared, dim], of the same places as the pass's first rows. */
  hidden: Tensor2D;
  /** Without the label's token: it is taken out of both distributions, and what is left of each sums to 1 again. */
  masked: boolean;
}

/** −log p(label) and softmax − one-hot of all rows, [n] and [n, vocab]. */
export interface RowLosses {
  loss: Tensor1D;
  grad: Tensor2D;
  /** For the rows that are compared. */
  divergence: { value: Tensor1D; grad: Tensor2D } | null;
}

export interface HeadKernels {
  kernel: NonNullable<NativeOps['sparseSoftmaxCrossEntropy']>;
  fused?: FusedOps | undefined;
}

/** Rows of gradients with the factor of each. */
export interface ScaledRows {
  rows: Tensor2D;
  factors: Tensor2D;
}

/** Below every logit, yet far enough from float32's limit to be subtracted. */
const farBelow = 1e30;

/**
 * The losses of all rows of logits [n, vocab] and KL(old ‖ own) in nats of the first ones, `oldHidden` being their hidden states under the
 * other model, with what the backward pass needs [compared, vocab]: p_old − 1[label], or for masked distributions the KL's own gradient by the
 * logits.
 */
export function lossesBeside(
  { model, masked }: ComparedWith,
  oldHidden: Tensor2D,
  logits: Tensor2D,
  labels: Tensor1D,
  { kernel, fused }: HeadKernels,
): RowLosses {
  const { weights, multiplier, cap } = model.languageHead();
  const scaledHidden = multiplier === 1 ? oldHidden : tf.mul<Tensor2D>(oldHidden, multiplier);
  const oldLogits = softCapped(tf.matMul<Tensor2D>(scaledHidden, weights as Tensor2D, false, true), cap);
  if (fused !== undefined) {
    const { loss, grad, divergence, other } = fused.lossesBeside(logits, oldLogits, labels, masked);
    return { loss, grad, divergence: { value: divergence, grad: other } };
  }
  const own = kernel(logits, labels);
  const compared = oldLogits.shape[0];
  const [first, firstLabels] = [firstRows(logits, compared), tf.slice(labels, [0], [compared]) as Tensor1D];
  if (masked) return { ...own, divergence: maskedDivergence(oldLogits, first, firstLabels) };
  const { loss, grad } = kernel(oldLogits, firstLabels);
  // Σ p_old (z_old − z) + log Σ e^z − log Σ e^z_old: what the label's 1 adds to the first sum, the two losses take away.
  const moved: Tensor1D = tf.sum(tf.mul(grad, tf.sub(oldLogits, first)), 1);
  const value = tf.add(moved, tf.sub(tf.slice(own.loss, [0], [compared]), loss)) as Tensor1D;
  return { ...own, divergence: { value, grad } };
}

/**
 * The gradient by the logits, as rows G and factors s, the gradient being s·G; on the first rows the KL pulls, too. Where it does not, they
 * are those of the log-probs alone to the last bit. `own.rows` is p − 1[label], `own.factors` [n, 1] what pulls at the log-probs' losses, and
 * `other` what `lossesBeside` kept [compared, vocab].
 */
export function gradientOfBoth(
  own: ScaledRows,
  other: Tensor2D,
  { byDivergence, masked }: { byDivergence: Tensor2D; masked: boolean },
  fused?: FusedOps,
): ScaledRows {
  const compared = other.shape[0];
  const idle = tf.equal(byDivergence, 0);
  const pull = firstRows(own.factors, compared);
  const [ones, noughts] = [tf.onesLike(pull), tf.zerosLike(pull)];
  // −dy_log (p − 1[label]) + dy_kl (p − p_old); for masked distributions p − p_old is at hand.
  const ofOwn = tf.where(idle, ones, masked ? pull : tf.add<Tensor2D>(pull, byDivergence));
  const ofOther = tf.where(idle, noughts, masked ? byDivergence : tf.neg<Tensor2D>(byDivergence));
  const factors = withRest(tf.where(idle, pull, ones), own.factors);
  if (fused !== undefined) return { rows: fused.firstRowsScaled(own.rows, other, ofOwn, ofOther), factors };
  const both = tf.add<Tensor2D>(tf.mul(firstRows(own.rows, compared), ofOwn), tf.mul(other, ofOther));
  return { rows: withRest(both, own.rows), factors };
}

function firstRows(x: Tensor2D, count: number): Tensor2D {
  return count === x.shape[0] ? x : tf.slice(x, [0, 0], [count, x.shape[1]]);
}

/** `first`, then the rows of x after as many. */
function withRest(first: Tensor2D, x: Tensor2D): Tensor2D {
  const count = first.shape[0];
  if (count === x.shape[0]) return first;
  return tf.concat([first, tf.slice(x, [count, 0], [x.shape[0] - count, x.shape[1]])], 0);
}

/**
 * KL(q ‖ p) per row for the distributions of old logits and logits [n, vocab] with the label's token taken out, and its gradient by the
 * logits, p − q. From softmaxes of their own: what a whole distribution leaves next to a certain label would be rounding.
 */
function maskedDivergence(oldLogits: Tensor2D, logits: Tensor2D, labels: Tensor1D) {
  const away = tf.mul(tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32'), farBelow);
  const parts = (of: Tensor2D) => {
    const masked = tf.sub<Tensor2D>(of, away);
    const shifted = tf.sub<Tensor2D>(masked, tf.max(masked, 1, true));
    const exponentials = tf.exp(shifted);
    const total: Tensor2D = tf.sum(exponentials, 1, true);
    return { shifted, probabilities: tf.div<Tensor2D>(exponentials, total), logTotal: tf.log(total) };
  };
  const [old, now] = [parts(oldLogits), parts(logits)];
  const moved: Tensor1D = tf.sum(tf.mul(old.probabilities, tf.sub(old.shifted, now.shifted)), 1);
  const value: Tensor1D = tf.add(moved, tf.squeeze(tf.sub(now.logTotal, old.logTotal), [1]));
  return { value, grad: tf.sub<Tensor2D>(now.probabilities, old.probabilities) };
}
