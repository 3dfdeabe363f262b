import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { customGradient } from '../models/custom-gradient.ts';
import { gradientProduct } from '../models/layers.ts';
import { capSlope, softCapped } from '../models/soft-cap.ts';
import { scaled } from '../models/unsaved.ts';
import type { NativeOps } from '../ports.ts';
import { type ComparedWith, gradientOfBoth, lossesBeside, type RowLosses } from './head-divergence.ts';

/** Up to this many logits are made at once, and their gradient kept: 256 MiB. */
const mostKept = 2 ** 26;
/** Beyond that, they are made in pieces of this many, and again on the backward pass. */
const pieceSize = 2 ** 25;
/** The same when no gradient is taken, and every step of the softmax makes another copy. */
const scoredPieceSize = 2 ** 24;

export interface HeadOptions {
  ops?: NativeOps | undefined;
  /** The temperature of sampling: logits are divided by it. */
  temperature?: number;
  /** Numbers that a piece of logits may have, and all of them while they are kept; for tests. */
  limits?: { kept: number; piece: number };
}

/**
 * log p(label) of hidden states [n, dim] → [n] in nats. The logits [n, vocab], many times larger than everything else if the vocabulary is
 * large, never exist as a whole. With G the softmax less the label's 1, dy·G is computed as (G of each row)·dy: by scaled hidden states
 * instead of scaled logits.
 */
export function headLogProbs(model: CausalLm, hidden: Tensor2D, labels: Tensor1D, options: HeadOptions = {}): Tensor1D {
  return headPass(model, hidden, labels, null, options);
}

/**
 * The same log-probs [n] and, for the first rows, KL(before ‖ model) over the vocabulary → [compared], from the same logits: a KL costs the
 * other model's logits, but no product with this one's head. If the KL has no weight, every bit of the rest stays as it is.
 */
export function headDivergence(
  model: CausalLm,
  hidden: Tensor2D,
  labels: Tensor1D,
  before: ComparedWith,
  options: Omit<HeadOptions, 'temperature'> = {},
): { logProbs: Tensor1D; divergence: Tensor1D } {
  const [n, compared] = [hidden.shape[0], before.hidden.shape[0]];
  const both = headPass(model, hidden, labels, before, options);
  return { logProbs: tf.slice(both, [0], [n]), divergence: tf.slice(both, [n], [compared]) };
}

/** → log p(label) [n], then the divergences of the rows that are compared. */
function headPass(
  model: CausalLm,
  hidden: Tensor2D,
  labels: Tensor1D,
  before: ComparedWith | null,
  { ops, temperature = 1, limits = { kept: mostKept, piece: pieceSize } }: HeadOptions,
): Tensor1D {
  const { weights, multiplier, cap, trains } = model.languageHead();
  // Logits that are capped are divided by the temperature afterwards.
  const factor = cap === undefined ? multiplier / temperature : multiplier;
  const [n, vocab] = [hidden.shape[0], weights.shape[0]];
  const whole = n * vocab <= limits.kept;
  const rows = whole ? n : Math.max(1, Math.min(n, Math.floor(limits.piece / vocab)));
  const pieces = Array.from({ length: Math.ceil(n / rows) }, (_, i): Piece => {
    const size = Math.min(rows, n - i * rows);
    const compared = Math.min(size, Math.max(0, (before?.hidden.shape[0] ?? 0) - i * rows));
    return { start: i * rows, size, compared };
  });
  const kernel = ops?.sparseSoftmaxCrossEntropy ?? composedCrossEntropy;
  const after = ops?.after ?? (<T extends tf.Tensor>(x: T) => tf.clone(x));
  const lossesOf = (h: Tensor2D, w: Tensor2D, old: Tensor2D | undefined, piece: Piece): RowLosses => {
    const { start, size, compared } = piece;
    const raw: Tensor2D = tf.matMul(h, w, false, true);
    const { logits, chained } = cappedLogits(raw, cap, temperature);
    const wanted: Tensor1D = tf.slice(labels, [start], [size]);
    if (before === null || old === undefined || compared === 0)
      return chained({ ...kernel(logits, wanted), divergence: null });
    const kernels = { kernel, fused: ops?.fused };
    return chained(lossesBeside(before, rowsOf(old, { start, size: compared }), logits, wanted, kernels));
  };
  const input = factor === 1 ? hidden : scaled(hidden, factor);

  const forward = (h: Tensor2D, w: Tensor2D) => {
    const kept: Tensor2D[] = [];
    const logProbs: Tensor1D[] = [];
    const divergences: Tensor1D[] = [];
    for (const piece of pieces) {
      const last = logProbs.at(-1);
      const [own, ...others] = tf.tidy((): [Tensor1D, ...tf.Tensor[]] => {
        const part = rowsOf(h, piece);
        // One piece after the other: a compiled pass would make them all at once.
        const ordered = last === undefined ? part : after(part, last);
        const { loss, grad, divergence } = lossesOf(ordered, w, before?.hidden, piece);
        const compared = divergence === null ? [] : [divergence.value, ...(whole ? [divergence.grad] : [])];
        return [tf.neg(loss), ...compared, ...(whole ? [grad] : [])];
      });
      logProbs.push(own);
      if (piece.compared > 0) divergences.push(others.shift() as Tensor1D);
      kept.push(...(others.reverse() as Tensor2D[]));
    }
    const values = [...logProbs, ...divergences];
    const old = before === null ? [] : [before.hidden];
    return { value: values.length === 1 ? values[0]! : tf.concat(values), saved: [h, w, ...old, ...kept] };
  };
  const backward = (dy: Tensor1D, saved: tf.Tensor[]): { hidden: Tensor2D; weights: Tensor2D | null } => {
    const [h, w] = saved as [Tensor2D, Tensor2D];
    const old = before === null ? undefined : (saved[2] as Tensor2D);
    const [kept, keptOther] = saved.slice(before === null ? 2 : 3) as Tensor2D[];
    const column = (start: number, size: number): Tensor2D => tf.reshape(tf.slice(dy, [start], [size]), [size, 1]);
    const byHidden: Tensor2D[] = [];
    let byWeights: Tensor2D | null = null;
    let last: tf.Tensor = dy;
    for (const piece of pieces) {
      const sum: Tensor2D | null = byWeights;
      const [ownHidden, ownWeights]: (Tensor2D | undefined)[] = tf.tidy((): Tensor2D[] => {
        const { start, size, compared } = piece;
        const part = after(rowsOf(h, piece), last);
        const again = kept === undefined ? lossesOf(part, w, old, piece) : null;
        const byLabel = { rows: kept ?? again!.grad, factors: tf.neg(column(start, size)) as Tensor2D };
        const other = keptOther ?? again?.divergence?.grad;
        const { rows: grad, factors: scale } =
          before === null || other === undefined
            ? byLabel
            : gradientOfBoth(
                byLabel,
                other,
                { byDivergence: column(n + start, compared), masked: before.masked },
                ops?.fused,
              );
        const toHidden: Tensor2D = tf.mul(gradientProduct(model.half, grad, w, false, false), scale);
        if (!trains) return [toHidden];
        const toWeights = gradientProduct(model.half, grad, tf.mul(part, scale) as Tensor2D, true, false);
        return [toHidden, sum === null ? toWeights : tf.add<Tensor2D>(sum, toWeights)];
      });
      sum?.dispose();
      byHidden.push(ownHidden!);
      byWeights = ownWeights ?? null;
      last = ownWeights ?? ownHidden!;
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

/** Logits as the losses see them, and what makes gradients by them ones by the product of hidden states and head. */
function cappedLogits(raw: Tensor2D, cap: number | undefined, temperature: number) {
  if (cap === undefined) return { logits: raw, chained: (losses: RowLosses) => losses };
  const capped = softCapped(raw, cap);
  // At once: a kernel may put its gradient in the logits' place.
  const slope = tf.div<Tensor2D>(capSlope(capped, cap), temperature);
  const chained = ({ loss, grad, divergence }: RowLosses): RowLosses => ({
    loss,
    grad: tf.mul(grad, slope),
    divergence:
      divergence === null ? null : { ...divergence, grad: tf.mul(divergence.grad, firstRows(slope, divergence.grad)) },
  });
  return { logits: temperature === 1 ? capped : tf.div<Tensor2D>(capped, temperature), chained };
}

function firstRows(x: Tensor2D, { shape: [count, width] }: Tensor2D): Tensor2D {
  return tf.slice(x, [0, 0], [count, width]);
}

export interface ScoresOptions {
  withGreedy?: boolean;
  /** Numbers that a piece of logits may have; for tests. */
  pieceSize?: number | undefined;
}

/**
 * Log-probs of the labels and, if asked for, the likeliest token at each place, from the same logits; no gradients.
 * hidden [n, dim], labels [n] → logProbs [n] in nats, greedy [n] int32.
 */
export function headScores(
  model: CausalLm,
  hidden: Tensor2D,
  labels: Tensor1D,
  { withGreedy = false, pieceSize: most = scoredPieceSize }: ScoresOptions = {},
): { logProbs: Tensor1D; greedy: Tensor1D | null } {
  const { weights, multiplier, cap } = model.languageHead();
  const [n, vocab] = [hidden.shape[0], weights.shape[0]];
  const rows = Math.max(1, Math.min(n, Math.floor(most / vocab)));
  const logProbs: Tensor1D[] = [];
  const greedy: Tensor1D[] = [];
  for (let start = 0; start < n; start += rows) {
    const piece = { start, size: Math.min(rows, n - start) };
    const [own, likeliest] = tf.tidy((): Tensor1D[] => {
      const part = rowsOf(hidden, piece);
      const scaledPart = multiplier === 1 ? part : tf.mul<Tensor2D>(part, multiplier);
      const logits = softCapped(tf.matMul<Tensor2D>(scaledPart, weights, false, true), cap);
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
  /** This many of its first rows are compared. */
  compared: number;
}

function rowsOf(x: Tensor2D, { start, size }: Pick<Piece, 'start' | 'size'>): Tensor2D {
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
