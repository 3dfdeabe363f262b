import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { customGradient } from '../models/custom-gradient.ts';
import type { DropoutSeeds } from '../models/dropout.ts';
import { isSmall } from '../models/form-sizes.ts';
import type { PackedBatch } from '../models/packed-batch.ts';
import type { PassInputs, PassTensors } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import { headLogProbs } from './head.ts';
import { type BatchLayout, type CompletionSequence, layoutBatch, type LayoutForm } from './layout.ts';

/** How a forward pass runs. */
export interface ForwardOptions {
  ops?: NativeOps | undefined;
  /** Switches LoRA dropout on, and makes it repeatable. */
  dropout?: DropoutSeeds | undefined;
  /** Blocks keep only their input, and are computed again on the backward pass. */
  checkpointing?: boolean | undefined;
}

/** A batch on the device, as a model's pass and its losses read it. */
export interface Batch {
  form: LayoutForm;
  packed: PackedBatch;
  predicting: Tensor1D;
  labels: Tensor1D;
  /** [sequences, tokens] */
  membership: Tensor2D;
  last: Tensor1D;
}

/** The sequences as this model takes them. */
export function layoutFor(model: CausalLm, sequences: readonly CompletionSequence[], rounded: boolean): BatchLayout {
  const fineness = isSmall(model) ? 8 : 32;
  return layoutBatch(sequences, { rounded, fineness, sharePrompts: model.sharesPrompts });
}

/** A layout's arrays by name, `prefix` before each, and its rotations under this model. */
export function batchInputs(model: CausalLm, { arrays }: BatchLayout, prefix = ''): PassInputs {
  const { lengths, ...others } = arrays;
  const inputs: Record<string, Int32Array | Float32Array> = {};
  for (const [name, values] of Object.entries(others)) inputs[prefix + name] = values;
  for (const [name, { cos, sin }] of model.rotationsAt(arrays.positions, lengths)) {
    inputs[`${prefix}cos ${name}`] = cos;
    inputs[`${prefix}sin ${name}`] = sin;
  }
  return inputs;
}

/** Builds the batch from the tensors that `batchInputs` named. */
export function batchOf(form: LayoutForm, tensors: PassTensors, prefix = ''): Batch {
  const of = (name: string): Tensor1D => tensors[prefix + name]!;
  const byPlace = (name: string): Tensor2D => tf.reshape(of(name), [form.places, -1]);
  const names = Object.keys(tensors).flatMap((name) => name.split(`${prefix}cos `)[1] ?? []);
  const packed: PackedBatch = {
    form,
    ids: of('ids'),
    positions: of('positions'),
    spread: of('spread'),
    own: of('own'),
    returned: of('returned'),
    copySlots: of('copySlots'),
    copyPlaces: of('copyPlaces'),
    rotary: new Map(names.map((name) => [name, { cos: byPlace(`cos ${name}`), sin: byPlace(`sin ${name}`) }])),
  };
  return {
    form,
    packed,
    predicting: of('predicting'),
    labels: of('labels'),
    membership: tf.reshape(of('membership'), [form.sequences, form.tokens]),
    last: of('last'),
  };
}

/** Log-probs of a batch's completions, in nats. */
export interface CompletionLogProbs {
  /** [tokens, dim]: the hidden states that predict them. */
  hidden: Tensor2D;
  /** [tokens] */
  tokens: Tensor1D;
  /** [sequences], summed over completion tokens. */
  sums: Tensor1D;
}

/** Hidden states that predict completion tokens → [tokens, dim]; nothing else reaches the head. */
export function completionHidden(model: CausalLm, batch: Batch, options: ForwardOptions = {}): Tensor2D {
  return tf.gather(model.packedStates(batch.packed, options), batch.predicting);
}

export function completionLogProbs(model: CausalLm, batch: Batch, options: ForwardOptions = {}): CompletionLogProbs {
  const hidden = completionHidden(model, batch, options);
  const tokens = headLogProbs(model, hidden, batch.labels, options);
  return { hidden, tokens, sums: sumPerSequence(tokens, batch) };
}

/** [tokens] → [sequences]: a product with a 0/1 matrix, whose gradient every backend has. */
export function sumPerSequence(tokens: Tensor1D, { form, membership }: Batch): Tensor1D {
  const column: Tensor2D = tf.reshape(tokens, [form.tokens, 1]);
  return tf.reshape(tf.matMul(membership, column), [form.sequences]);
}

/** log softmax(logits)[label] per row. logits [n, vocab], labels [n] → [n]. */
export function labelLogProbs(logits: Tensor2D, labels: Tensor1D, ops?: NativeOps): Tensor1D {
  const kernel = ops?.sparseSoftmaxCrossEntropy;
  return tf.neg(kernel === undefined ? composed(logits, labels) : fused(logits, labels, kernel));
}

/** Loss and gradient in one pass of the native kernel. */
function fused(
  logits: Tensor2D,
  labels: Tensor1D,
  kernel: NonNullable<NativeOps['sparseSoftmaxCrossEntropy']>,
): Tensor1D {
  return customGradient(
    [logits],
    (input) => {
      const { loss, grad } = kernel(input, labels);
      return { value: loss, saved: [grad] };
    },
    (dy, [grad]) => [tf.mul(grad!, tf.expandDims(dy, 1))],
  );
}

/** The same from portable kernels: logsumexp − picked, gradient softmax − onehot. */
function composed(logits: Tensor2D, labels: Tensor1D): Tensor1D {
  const [, vocab] = logits.shape;
  return customGradient(
    [logits],
    (input) => {
      const normaliser: Tensor2D = tf.logSumExp(input, 1, true);
      const wanted = tf.oneHot(labels, vocab, 1, 0, 'float32');
      const picked = tf.sum(tf.mul(input, wanted), 1);
      return { value: tf.sub(tf.squeeze(normaliser, [1]), picked) as Tensor1D, saved: [input, normaliser, labels] };
    },
    (dy, saved) => {
      const probabilities = tf.exp(tf.sub(saved[0]!, saved[1]!));
      const wanted = tf.oneHot(saved[2]!, vocab, 1, 0, 'float32');
      return [tf.mul(tf.sub(probabilities, wanted), tf.expandDims(dy, 1))];
    },
  );
}
