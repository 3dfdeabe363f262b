import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { customGradient } from '../models/custom-gradient.ts';
import { scaled } from '../models/unsaved.ts';
import type { NativeOps } from '../ports.ts';

/** Logits up to so many numbers are made at once, and their gradient kept: 256 MiB. */
const mostKept = 2 ** 26;
/** Beyond, they are made in pieces of so many, and once more on the way back. */
const pieceSize = 2 ** 25;
/** The same where no gradient is taken, and every step of the softmax makes another copy. */
const scoredPieceSize = 2 ** 24;

export interface HeadOptions {
  ops?: NativeOps | undefined;
  /** Of sampling: logits are divided by it. */
  temperature?: number;
  /** Numbers that a piece of logits may have, and all of them while they are kept; for tests. */
  limits?: { kept: number; piece: number };
}

/**
 * log p(label) of hidden states [n, dim] → [n] in nats. The logits [n, vocab], a multiple of all else where a vocabulary is large, are
 * never there as a whole. With G the softmax less the label's 1, dy·G is taken as (G of each row)·dy: by scaled hidden states
 * in place of scaled logits.
 */
export function headLogProbs(
  model: CausalLm,
  hidden: Tensor2D,
  labels: Tensor1D,
  { ops, temperature = 1, limits = { kept: mostKept, piece: pieceSize } }: HeadOptions = {},
): Tensor1D {
  const { weights, multiplier, trains } = model.languageHead();
  const factor = multiplier / temperature;
  const [n, vocab] = [hidden.shape[0], weights.shape[0]];
  const whole = n * vocab <= limits.kept;
  const rows = whole ? n : Math.max(1, Math.min(n, Math.floor(limits.piece / vocab)));
  const pieces = Array.from({ length: Math.ceil(n / rows) }, (_, i) => ({
    start: i * rows,
    size: Math.min(rows, n - i * rows),
  }));
  const kernel = ops?.sparseSoftmaxCrossEntropy ?? composedCrossEntropy;
  const after = ops?.after ?? (<T extends tf.Tensor>(x: T) => tf.clone(x));
  const lossesOf = (h: Tensor2D, w: Tensor2D, { start, size }: Piece) =>
    kernel(tf.matMul(h, w, false, true), tf.slice(labels, [start], [size]));
  const input = factor === 1 ? hidden : scaled(hidden, factor);

  const forward = (h: Tensor2D, w: Tensor2D) => {
    const kept: Tensor2D[] = [];
    const logProbs: Tensor1D[] = [];
    for (const piece of pieces) {
      const before = logProbs.at(-1);
      const [own, unscaled] = tf.tidy((): [Tensor1D, ...Tensor2D[]] => {
        const part = rowsOf(h, piece);
        // One piece after the other: a compiled pass would make them all at once.
        const { loss, grad } = lossesOf(before === undefined ? part : after(part, before), w, piece);
        return whole ? [tf.neg(loss), grad] : [tf.neg(loss)];
      });
      logProbs.push(own);
      if (unscaled !== undefined) kept.push(unscaled);
    }
    return { value: logProbs.length === 1 ? logProbs[0]! : tf.concat(logProbs), saved: [h, w, ...kept] };
  };
  const backward = (dy: Tensor1D, saved: tf.Tensor[]): { hidden: Tensor2D; weights: Tensor2D | null } => {
    const [h, w, kept] = saved as [Tensor2D, Tensor2D, Tensor2D | undefined];
    const by: Tensor2D = tf.reshape(tf.neg(dy), [n, 1]);
    const byHidden: Tensor2D[] = [];
    let byWeights: Tensor2D | null = null;
    let before: tf.Tensor = by;
    for (const piece of pieces) {
      const sum: Tensor2D | null = byWeights;
      const [ownHidden, ownWeights]: (Tensor2D | undefined)[] = tf.tidy((): Tensor2D[] => {
        const part = after(rowsOf(h, piece), before);
        const grad = kept ?? lossesOf(part, w, piece).grad;
        const scale = rowsOf(by, piece);
        const toHidden: Tensor2D = tf.mul(tf.matMul(grad, w), scale);
        if (!trains) return [toHidden];
        const toWeights: Tensor2D = tf.matMul(grad, tf.mul(part, scale) as Tensor2D, true);
        return [toHidden, sum === null ? toWeights : tf.add<Tensor2D>(sum, toWeights)];
      });
      sum?.dispose();
      byHidden.push(ownHidden!);
      byWeights = ownWeights ?? null;
      before = ownWeights ?? ownHidden!;
    }
    return { hidden: byHidden.length === 1 ? byHidden[0]! : tf.concat(byHidden, 0), weights: byWeights };
  };
  if (trains) {
    return customGradient([input, weights as Tensor2D], forward, (dy, saved) => {
      const by = backward(dy, saved);
      return [by.hidden, by.weights!];
    });
  }
  return customGradient(
    [input],
    (h) => forward(h, weights),
    (dy, saved) => [backward(dy, saved).hidden],
  );
}

export interface ScoresOptions {
  withGreedy?: boolean;
  /** Numbers that a piece of logits may have; for tests. */
  pieceSize?: number | undefined;
}

/**
 * Log-probs of the labels and, if asked for, the likeliest token at each place, of the same logits; no gradients.
 * hidden [n, dim], labels [n] → logProbs [n] in nats, greedy [n] int32.
 */
export function headScores(
  model: CausalLm,
  hidden: Tensor2D,
  labels: Tensor1D,
  { withGreedy = false, pieceSize: most = scoredPieceSize }: ScoresOptions = {},
): { logProbs: Tensor1D; greedy: Tensor1D | null } {
  const { weights, multiplier } = model.languageHead();
  const [n, vocab] = [hidden.shape[0], weights.shape[0]];
  const rows = Math.max(1, Math.min(n, Math.floor(most / vocab)));
  const logProbs: Tensor1D[] = [];
  const greedy: Tensor1D[] = [];
  for (let start = 0; start < n; start += rows) {
    const piece = { start, size: Math.min(rows, n - start) };
    const [own, likeliest] = tf.tidy((): Tensor1D[] => {
      const part = rowsOf(hidden, piece);
      const scaledPart = multiplier === 1 ? part : tf.mul<Tensor2D>(part, multiplier);
      const logits: Tensor2D = tf.matMul(scaledPart, weights, false, true);
      const scores = softmaxParts(logits, tf.slice(labels, [piece.start], [piece.size]));
      return [scores.logProbs, ...(withGreedy ? [tf.argMax<Tensor1D>(logits, 1)] : [])];
    });
    logProbs.push(own!);
    if (likeliest !== undefined) greedy.push(likeliest);
  }
  return { logProbs: tf.concat(logProbs), greedy: withGreedy ? tf.concat(greedy) : null };
}

interface Piece {
  start: number;
  size: number;
}

function rowsOf(x: Tensor2D, { start, size }: Piece): Tensor2D {
  return size === x.shape[0] ? x : tf.slice(x, [start, 0], [size, x.shape[1]]);
}

/** −log p(label) and softmax − one-hot, from portable kernels; rounded as `headScores` rounds. */
function composedCrossEntropy(logits: Tensor2D, labels: Tensor1D): { loss: Tensor1D; grad: Tensor2D } {
  return tf.tidy(() => {
    const { logProbs, exponentials, total } = softmaxParts(logits, labels);
    const target = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
    return {
      loss: tf.neg(logProbs),
      grad: tf.sub(tf.div(exponentials, tf.expandDims(total, 1)), target) as Tensor2D,
    };
  });
}

/**
 * (z_label − max z) − log Σ e^(z − max z): both terms are as small as the result, so that large logits lose no digits.
 * logits [n, vocab], labels [n] → logProbs [n] in nats, exponentials [n, vocab] and their totals [n].
 */
function softmaxParts(logits: Tensor2D, labels: Tensor1D) {
  const [n, vocab] = logits.shape;
  const places = tf.add<Tensor1D>(tf.range(0, n * vocab, vocab, 'int32'), labels);
  const picked = tf.gather<Tensor1D>(tf.reshape(logits, [n * vocab]), places);
  const highest: Tensor1D = tf.max(logits, 1);
  const exponentials = tf.exp(tf.sub(logits, tf.expandDims(highest, 1)));
  const total: Tensor1D = tf.sum(exponentials, 1);
  return { logProbs: tf.sub<Tensor1D>(tf.sub(picked, highest), tf.log(total)), exponentials, total };
}
