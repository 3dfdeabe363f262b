import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { assertNever } from '../../shared/domain/errors.ts';
import { customGradient } from '../models/custom-gradient.ts';
import type { NativeOps, RandomStream } from '../ports.ts';

/**
 * FlipGuard: L = L_align + λ · mean_batch( I(x) · D(x) ). I is 1 where the policy has fallen behind the pre-aligned
 * model by more than ε on an instance; no gradient passes through I. D pulls the policy back.
 */
export interface GuardInstances {
  /** How far the gated quantity fell from the pre-aligned model to the policy, [instances]; positive = fell. */
  fall: Tensor1D;
  /** D(x), [instances]. */
  divergence: Tensor1D;
}

/** The guard's part of one micro-batch, all [instances]. */
export interface GuardTerm {
  /** I(x): 0 or 1. */
  fired: Tensor1D;
  /** I(x)·D(x), before λ. */
  loss: Tensor1D;
  /** The same as the instances'. */
  fall: Tensor1D;
}

export function guardTerm(instances: GuardInstances, spec: GuardSpec, drawn: Tensor1D): GuardTerm {
  const fired = gate(instances.fall, spec, drawn);
  return { fired, loss: tf.mul(fired, instances.divergence), fall: instances.fall };
}

/** The random gate's draws for `count` instances, 0 or 1; zeros for any other gate, which draws nothing. */
export function drawGates(spec: GuardSpec, count: number, random: RandomStream): Float32Array {
  const rate = spec.randomRate ?? 0;
  return Float32Array.from({ length: count }, () => (spec.kind === 'random' && random.next() < rate ? 1 : 0));
}

function gate(fall: Tensor1D, spec: GuardSpec, drawn: Tensor1D): Tensor1D {
  switch (spec.kind) {
    case 'flipguard':
      return firesAbove(fall, spec.epsilon);
    case 'ungated':
      return tf.onesLike(fall);
    case 'random':
      return drawn;
    case 'none':
    case 'flip-hinge':
      return tf.zerosLike(fall);
    default:
      return assertNever(spec.kind);
  }
}

/** 1[fall > ε], cut off from the gradient. */
export const firesAbove = (fall: Tensor1D, epsilon: number): Tensor1D =>
  (
    tf.customGrad((input) => ({
      value: tf.cast(tf.greater(input as Tensor1D, epsilon), 'float32'),
      gradFunc: (dy: Tensor1D) => tf.zerosLike(dy),
    })) as (input: Tensor1D) => Tensor1D
  )(fall);

/** The same gate over plain numbers, for quantities that no gradient can pass through (rewards of sampled responses). */
export function gateNumbers(fall: readonly number[], spec: GuardSpec, random: RandomStream): boolean[] {
  switch (spec.kind) {
    case 'flipguard':
      return fall.map((value) => value > spec.epsilon);
    case 'ungated':
      return fall.map(() => true);
    case 'random':
      return fall.map(() => random.next() < (spec.randomRate ?? 0));
    case 'none':
    case 'flip-hinge':
      return fall.map(() => false);
    default:
      return assertNever(spec.kind);
  }
}

/** What the log-prob gates look at; all [instances], sums over response tokens in nats. `pre` values carry no gradient. */
export interface GatedLogProbs {
  target: Tensor1D;
  preTarget: Tensor1D;
  targetTokens: Tensor1D;
  /** The other response of the pair; the margin gate needs it. */
  other?: { logProbs: Tensor1D; pre: Tensor1D };
}

/**
 * Share of a summed log-prob by which two passes over the same weights may differ, including the effect of other batch mates and of other
 * kernels' order of summation. A smaller difference means nothing. The same in each precision: the forward pass computes in float32.
 */
export const logProbRounding = 1e-5;

/**
 * How far the gated quantity fell, [instances] (the reference cancels in every implicit reward):
 *   sequence   β·(lp(pre,y_c) − lp(π,y_c))
 *   per-token  the same divided by |y_c|
 *   margin     β·[(lp(pre,y_c) − lp(pre,y_o)) − (lp(π,y_c) − lp(π,y_o))]
 * less the rounding of the log-probs (`logProbRounding`), so that an unchanged model never counts as fallen.
 */
export function implicitRewardFall(
  values: GatedLogProbs,
  gateOn: GuardSpec['gate'],
  beta: number,
  rounding: number,
): Tensor1D {
  const lost = lostLogProbs(values.preTarget, values.target, rounding);
  switch (gateOn) {
    case 'sequence':
      return tf.mul(lost, beta);
    case 'per-token':
      return tf.mul(tf.div(lost, values.targetTokens), beta);
    case 'margin': {
      if (values.other === undefined) throw new Error('the margin gate needs the pair’s other response');
      const otherGained = lostLogProbs(values.other.logProbs, values.other.pre, rounding);
      return tf.mul(tf.add(lost, otherGained), beta);
    }
    default:
      return assertNever(gateOn);
  }
}

function lostLogProbs(before: Tensor1D, now: Tensor1D, rounding: number): Tensor1D {
  return tf.sub(tf.sub(before, now), tf.mul(tf.abs(before), rounding));
}

/**
 * D(x) = fall − ε → [instances]: under the gate max(0, fall − ε), which is 0 where the gate opens and grows with the fall. Its gradient is
 * that of the fall, β times the sum (or mean) of the target's cross-entropy.
 */
export function fallBeyond(fall: Tensor1D, epsilon: number): Tensor1D {
  return tf.sub(fall, epsilon);
}

/** D(x) = −lp(π, y_c) as a token sum or token mean → [instances]. */
export function crossEntropyDivergence(
  logProbs: Tensor1D,
  tokens: Tensor1D,
  reduction: GuardSpec['reduction'],
): Tensor1D {
  const summed: Tensor1D = tf.neg(logProbs);
  return reduction === 'token-sum' ? summed : tf.div(summed, tokens);
}

/** What the pre-aligned model predicts at n places. */
export type PreDistributions = {
  /** [n, vocab] */
  probabilities: Tensor2D;
  /** In nats, [n]. */
  entropy: Tensor1D;
};

/** The distributions that logits [n, vocab] describe. */
export function distributionsOf(logits: Tensor2D, ops: NativeOps = {}): PreDistributions {
  return tf.tidy(() => {
    const probabilities: Tensor2D = tf.softmax(logits);
    return { probabilities, entropy: softCrossEntropy(logits, probabilities, ops).loss };
  });
}

/**
 * KL(pre ‖ π) per position → [n] in nats, over the full vocabulary; right to float32's rounding of the entropy. Forward KL:
 * H(pre, π) − H(pre), so that its gradient by the logits [n, vocab] is that of the soft-label cross-entropy, softmax(logits) − p_pre.
 */
export function forwardKl(pre: PreDistributions, logits: Tensor2D, ops: NativeOps = {}): Tensor1D {
  const crossEntropy = customGradient(
    [logits],
    (input) => {
      const { loss, grad } = softCrossEntropy(input, pre.probabilities, ops);
      return { value: loss, saved: [grad] };
    },
    (dy, [grad]) => [tf.mul(grad!, tf.expandDims(dy, 1))],
  );
  return tf.sub(crossEntropy, pre.entropy);
}

function softCrossEntropy(logits: Tensor2D, probabilities: Tensor2D, ops: NativeOps) {
  if (ops.softmaxCrossEntropy !== undefined) return ops.softmaxCrossEntropy(logits, probabilities);
  const logProbs: Tensor2D = tf.logSoftmax(logits);
  const loss: Tensor1D = tf.neg(tf.sum(tf.mul(probabilities, logProbs), 1));
  return { loss, grad: tf.sub(tf.exp(logProbs), probabilities) as Tensor2D };
}
