import * as tf from '@tensorflow/tfjs-core';
import type { ModelConfig } from './causal-lm.ts';
import { type LayerContext, weight } from './layers.ts';

/** x·matrix + bias: the matrix as [in, out], which products of few rows read fastest. */
export interface Affine {
  matrix: tf.Tensor2D;
  bias: tf.Tensor1D | undefined;
}

/** One block, laid out for decoding one position at a time. */
export interface StepLayer {
  /** [queries, scaled as scores are | keys | values], each head by head. */
  queryKeyValue: Affine;
  attentionOut: Affine;
  /** [gate | up] of a gated feed-forward, otherwise up alone. */
  up: Affine;
  down: Affine;
}

/**
 * The weights of a model laid out for decoding: those that read the same input are one matrix, adapters are merged in. With few rows a step
 * costs as much as the number of operations in it, and this halves it. A copy, kept as long as the cache.
 */
export interface StepWeights {
  layers: StepLayer[];
  /** [dim, vocab] */
  head: tf.Tensor2D;
  dispose(): void;
}

export function stepWeights(context: LayerContext, config: ModelConfig): StepWeights {
  const { names } = context.architecture;
  const layers = Array.from({ length: config.layers }, (_, layer) => {
    const block = `${names.block}.${layer}.`;
    const of = (name: string | undefined) => affine(context, `${block}${name}`);
    return {
      queryKeyValue: held(() => queryKeyValue(context, config, of)),
      attentionOut: held(() => of(names.attentionOut)),
      up: held(() => {
        if (names.gateUp !== undefined) return of(names.gateUp);
        return names.gate === undefined ? of(names.up) : beside([of(names.gate), of(names.up)]);
      }),
      down: held(() => of(names.down)),
    };
  });
  const matrix = config.tiedHead ? names.embedding : names.head;
  const head = tf.keep(tf.tidy(() => tf.transpose(weight(context, `${matrix}.weight`) as tf.Variable<tf.Rank.R2>)));
  return {
    layers,
    head,
    dispose() {
      tf.dispose(layers as unknown as tf.TensorContainer);
      head.dispose();
    },
  };
}

/** Makes a pair of tensors and keeps only these two; if one is itself a parameter, we get a copy of its handle to dispose. */
function held(make: () => Affine): Affine {
  return tf.tidy(() => {
    const { matrix, bias } = make();
    return { matrix: tf.keep(tf.clone(matrix)), bias: bias === undefined ? undefined : tf.keep(tf.clone(bias)) };
  });
}

function affine(context: LayerContext, name: string): Affine {
  const stored = weight(context, `${name}.weight`) as tf.Variable<tf.Rank.R2>;
  const plain = context.architecture.linearLayout === 'in-out' ? stored : tf.transpose(stored);
  const bias = context.parameters.get(`${name}.bias`) as tf.Tensor1D | undefined;
  const a = context.parameters.get(`${name}.lora_A.weight`) as tf.Tensor2D | undefined;
  if (a === undefined || context.lora === null) return { matrix: plain as tf.Tensor2D, bias };
  const b = weight(context, `${name}.lora_B.weight`) as tf.Variable<tf.Rank.R2>;
  const added = tf.mul(tf.matMul(a, b, true, true), context.lora.scale);
  return { matrix: tf.add(plain, added), bias };
}

function beside(parts: readonly Affine[]): Affine {
  const matrix = tf.concat(
    parts.map((part) => part.matrix),
    1,
  );
  const biases = parts.map(({ bias }, i) => bias ?? tf.zeros([parts[i]!.matrix.shape[1]]));
  return {
    matrix,
    bias: parts.every(({ bias }) => bias === undefined) ? undefined : (tf.concat(biases) as tf.Tensor1D),
  };
}

function queryKeyValue(context: LayerContext, config: ModelConfig, of: (name: string | undefined) => Affine): Affine {
  const { heads, kvHeads, headDim } = config;
  const { names, attention } = context.architecture;
  const joined =
    attention.projection === 'separate'
      ? beside([of(names.query), of(names.key), of(names.value)])
      : of(names.queryKeyValue);
  const ordered = attention.projection === 'fused-by-head' ? thirds(joined, heads, headDim) : joined;
  const scale = tf.concat([
    tf.fill([heads * headDim], attention.scale),
    tf.ones([2 * kvHeads * headDim]),
  ]) as tf.Tensor1D;
  // Scores of normed queries do not depend on their projection's scale; they are scaled after the norm.
  if (attention.qkNorm !== 'none') return ordered;
  return {
    matrix: tf.mul(ordered.matrix, scale),
    bias: ordered.bias === undefined ? undefined : tf.mul(ordered.bias, scale),
  };
}

/** Columns heads × [q | k | v] as [all q | all k | all v]. */
function thirds({ matrix, bias }: Affine, heads: number, headDim: number): Affine {
  const width = 3 * heads * headDim;
  const reordered = (x: tf.Tensor, rows: number) =>
    tf.reshape(tf.transpose(tf.reshape(x, [rows, heads, 3, headDim]), [0, 2, 1, 3]), [rows, width]);
  return {
    matrix: reordered(matrix, matrix.shape[0]) as tf.Tensor2D,
    bias: bias === undefined ? undefined : (tf.reshape(reordered(bias, 1), [width]) as tf.Tensor1D),
  };
}
