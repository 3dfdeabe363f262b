import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { customGradient } from '../models/custom-gradient.ts';
import { reshaped } from '../models/unsaved.ts';
import type { NativeOps } from '../ports.ts';
import type { BatchLayout } from './layout.ts';

/** How a forward pass runs. `dropoutSeed` makes LoRA dropout repeatable and switches it on. */
export interface ForwardOptions {
  ops?: NativeOps | undefined;
  dropoutSeed?: number | undefined;
}

/** Log-probs of a batch's completions, in nats. */
export interface CompletionLogProbs {
  /** [tokens, vocab], numbered as in the layout. */
  logits: Tensor2D;
  /** [tokens] */
  tokens: Tensor1D;
  /** [sequences], summed over completion tokens. */
  sums: Tensor1D;
}

/** Hidden states that predict completion tokens → [tokens, dim]; nothing else reaches the head. */
export function completionHidden(model: CausalLm, layout: BatchLayout, options: ForwardOptions = {}): Tensor2D {
  const forward =
    options.dropoutSeed === undefined ? { training: false } : { training: true, dropoutSeed: options.dropoutSeed };
  const parts = layout.groups.map((group) => {
    const ids = tf.tensor2d(group.ids, [group.rows.length, group.time], 'int32');
    const hidden = model.hiddenStates(ids, group.lengths, forward);
    const flat = reshaped<tf.Rank.R2>(hidden, [group.rows.length * group.time, model.config.dim]);
    return tf.gather(flat, tf.tensor1d(group.positions, 'int32'));
  });
  return parts.length === 1 ? (parts[0] as Tensor2D) : tf.concat(parts, 0);
}

export function completionLogProbs(
  model: CausalLm,
  layout: BatchLayout,
  options: ForwardOptions = {},
): CompletionLogProbs {
  const logits = model.logits(completionHidden(model, layout, options));
  const tokens = labelLogProbs(logits, layout.labels, options.ops);
  return { logits, tokens, sums: sumPerSequence(tokens, layout) };
}

/** [tokens] → [sequences]: a product with a 0/1 matrix, whose gradient every backend has. */
export function sumPerSequence(tokens: Tensor1D, layout: BatchLayout): Tensor1D {
  const rows = layout.counts.length;
  const membership = new Float32Array(rows * layout.tokens);
  for (let row = 0; row < rows; row++) {
    const start = row * layout.tokens + (layout.starts[row] as number);
    membership.fill(1, start, start + (layout.counts[row] as number));
  }
  const column: Tensor2D = tf.reshape(tokens, [layout.tokens, 1]);
  return tf.reshape(tf.matMul(tf.tensor2d(membership, [rows, layout.tokens]), column), [rows]);
}

/** log softmax(logits)[label] per row. logits [n, vocab], labels [n] → [n]. */
export function labelLogProbs(logits: Tensor2D, labels: Int32Array, ops?: NativeOps): Tensor1D {
  const kernel = ops?.sparseSoftmaxCrossEntropy;
  return tf.neg(kernel === undefined ? composed(logits, labels) : fused(logits, labels, kernel));
}

/** Loss and gradient in one pass of the native kernel. */
function fused(
  logits: Tensor2D,
  labels: Int32Array,
  kernel: NonNullable<NativeOps['sparseSoftmaxCrossEntropy']>,
): Tensor1D {
  return customGradient(
    [logits],
    (input) => {
      const { loss, grad } = kernel(input, tf.tensor1d(labels, 'int32'));
      return { value: loss, saved: [grad] };
    },
    (dy, [grad]) => [tf.mul(grad!, tf.expandDims(dy, 1))],
  );
}

/** The same from portable kernels: logsumexp − picked, gradient softmax − onehot. */
function composed(logits: Tensor2D, labels: Int32Array): Tensor1D {
  const [rows, vocab] = logits.shape;
  return customGradient(
    [logits],
    (input) => {
      const normaliser: Tensor2D = tf.logSumExp(input, 1, true);
      const flatIndex = Int32Array.from(labels, (label, row) => row * vocab + label);
      const picked = tf.gather(tf.reshape(input, [rows * vocab]), tf.tensor1d(flatIndex, 'int32'));
      return { value: tf.sub(tf.reshape(normaliser, [rows]), picked) as Tensor1D, saved: [input, normaliser] };
    },
    (dy, saved) => {
      const probabilities = tf.exp(tf.sub(saved[0]!, saved[1]!));
      const wanted = tf.oneHot(tf.tensor1d(labels, 'int32'), vocab, 1, 0, 'float32');
      return [tf.mul(tf.sub(probabilities, wanted), tf.expandDims(dy, 1))];
    },
  );
}
