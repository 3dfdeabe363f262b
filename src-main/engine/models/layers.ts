import * as tf from '@tensorflow/tfjs-core';
import type { Activation, Architecture } from './architecture.ts';
import type { FusedOps, HalfPrecision } from '../ports.ts';
import type { LoraSettings } from './causal-lm.ts';
import { customGradient } from './custom-gradient.ts';
import { added, biased } from './unsaved.ts';

/** Weights and settings that the layers of one model share. */
export interface LayerContext {
  architecture: Architecture;
  parameters: ReadonlyMap<string, tf.Variable>;
  lora: LoraContext | null;
  /** Products in mixed precision; null for float32. */
  half: HalfPrecision | null;
  /** Norms and gates as one operation each; null where they are several. */
  fused: FusedOps | null;
}

export interface LoraContext {
  scale: number;
  /** Set while training with dropout: zeroes a share of x and scales the rest, each time by a seed of its own. */
  drop: ((x: tf.Tensor2D) => tf.Tensor2D) | null;
}

/** The factor on B·A. */
export function adapterScale({ alpha, rank, rankStabilised }: LoraSettings): number {
  return alpha / (rankStabilised === true ? Math.sqrt(rank) : rank);
}

/** x [n, in] → x·Wᵀ + b [n, out], plus the adapter's scale · (dropout(x)·Aᵀ)·Bᵀ where one sits on this linear. */
export function linear(context: LayerContext, name: string, x: tf.Tensor2D): tf.Tensor2D {
  const product = linearProduct(context, `${name}.weight`, x);
  const bias = context.parameters.get(`${name}.bias`);
  const plain = bias === undefined ? product : biased(product, bias as tf.Variable<tf.Rank.R1>);
  const a = context.parameters.get(`${name}.lora_A.weight`);
  if (a === undefined || context.lora === null) return plain;
  return added(plain, adapterOutput(context, context.lora, name, a as tf.Variable<tf.Rank.R2>, x));
}

function linearProduct(context: LayerContext, name: string, x: tf.Tensor2D): tf.Tensor2D {
  const matrix = stored(context, name) as tf.Variable<tf.Rank.R2>;
  const transposed = context.architecture.linearLayout === 'out-in';
  const { half } = context;
  return half === null ? tf.matMul(x, matrix, false, transposed) : halfProduct(half, x, matrix, transposed);
}

/**
 * x·W in mixed precision. The result is float32 of W as it is stored: a rounding there would be in every log-prob, and 8 bits of mantissa
 * move losses by over a hundredth. Gradients are products in bfloat16 if the device multiplies it; by W only if it is stored in float32,
 * and so may train.
 */
function halfProduct(half: HalfPrecision, x: tf.Tensor2D, matrix: tf.Tensor2D, transposed: boolean): tf.Tensor2D {
  const { multiplies, stores, widened } = half;
  const frozen = stores(matrix);
  const read = (before: tf.Tensor) => (frozen ? (widened(matrix, before) as tf.Tensor2D) : matrix);
  const forward = (input: tf.Tensor2D) => tf.matMul<tf.Tensor2D>(input, read(input), false, transposed);
  const byInput = (dy: tf.Tensor2D) =>
    gradientProduct(half, dy, frozen && multiplies ? matrix : read(dy), false, !transposed);
  if (frozen) {
    return customGradient(
      [x],
      (input) => ({ value: forward(input), saved: [] }),
      (dy) => [byInput(dy)],
    );
  }
  return customGradient<[tf.Tensor2D, tf.Tensor2D], tf.Tensor2D>(
    [x, matrix],
    (input) => ({ value: forward(input), saved: [input] }),
    (dy, [saved]) => {
      const input = saved as tf.Tensor2D;
      const [left, right] = transposed ? [dy, input] : [input, dy];
      return [byInput(dy), gradientProduct(half, left, right, true, false)];
    },
  );
}

/** a·b on the backward pass: in bfloat16 if the model computes in it and the device multiplies it. */
export function gradientProduct(
  half: HalfPrecision | null,
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor2D {
  return half?.multiplies === true
    ? half.product(a, b, transposeA, transposeB)
    : tf.matMul<tf.Tensor2D>(a, b, transposeA, transposeB);
}

function adapterOutput(
  context: LayerContext,
  lora: LoraContext,
  name: string,
  a: tf.Variable<tf.Rank.R2>,
  x: tf.Tensor2D,
): tf.Tensor2D {
  const b = weight(context, `${name}.lora_B.weight`) as tf.Variable<tf.Rank.R2>;
  const narrow = tf.matMul(lora.drop === null ? x : lora.drop(x), a, false, true);
  return tf.matMul(tf.mul(narrow, lora.scale), b, false, true);
}

/** A weight as float32. */
export function weight(context: LayerContext, name: string): tf.Tensor {
  const found = stored(context, name);
  return context.half?.stores(found) === true ? context.half.widened(found) : found;
}

function stored(context: LayerContext, name: string): tf.Variable {
  const found = context.parameters.get(name);
  if (found === undefined) throw new Error(`no weight named ${name}`);
  return found;
}

/** What a norm multiplies by [size]. */
export function normGain(context: LayerContext, name: string): tf.Tensor1D {
  const stored = weight(context, `${name}.weight`) as tf.Variable<tf.Rank.R1>;
  return context.architecture.norm.gain === 'weight' ? stored : tf.add(stored, 1);
}

/** The family's norm over the last axis of x [n, dim]; x itself if the family has none in this place. */
export function normWhere(context: LayerContext, block: string, name: string | undefined, x: tf.Tensor2D): tf.Tensor2D {
  return name === undefined ? x : norm(context, block + name, x);
}

/** The family's norm over the last axis of x [n, dim]. */
export function norm(context: LayerContext, name: string, x: tf.Tensor2D): tf.Tensor2D {
  const { kind, epsilon } = context.architecture.norm;
  const gain = normGain(context, name);
  if (kind === 'rms') return rmsNorm(context, x, gain, epsilon);
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const scale = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
  const bias = weight(context, `${name}.bias`) as tf.Variable<tf.Rank.R1>;
  return tf.add(tf.mul(tf.mul(centred, scale), gain), bias);
}

/**
 * x · rsqrt(mean(x²) + ε) · gain over the last axis (Zhang & Sennrich 2019). With r the reciprocal root and g = dy·gain:
 * dx = r·(g − x·r²·mean(g·x)), dgain = Σ dy·x·r.
 */
export function rmsNorm<T extends tf.Tensor>(
  { fused }: Pick<LayerContext, 'fused'>,
  x: T,
  gain: tf.Tensor1D,
  epsilon: number,
): T {
  if (fused !== null) {
    return customGradient(
      [x, gain],
      (input, factor) => ({ value: fused.rmsNorm(input, factor, epsilon), saved: [input, factor] }),
      (dy, [input, factor]) => fused.rmsNormGradient(input as T, factor as tf.Tensor1D, dy, epsilon),
    );
  }
  return customGradient(
    [x, gain],
    (input, factor) => {
      const reciprocal = tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), epsilon));
      const unit = tf.mul(input, reciprocal);
      return { value: tf.mul(unit, factor) as T, saved: [unit, reciprocal, factor] };
    },
    (dy, saved) => {
      const [u, r, g] = saved as [tf.Tensor, tf.Tensor, tf.Tensor1D];
      const byUnit = tf.mul(dy, g);
      const along = tf.mean(tf.mul(byUnit, u), -1, true);
      const byInput = tf.mul(tf.sub(byUnit, tf.mul(u, along)), r);
      const size = g.shape[0];
      return [byInput, tf.sum(tf.reshape(tf.mul(dy, u), [-1, size]), 0)];
    },
  );
}

export function activate(kind: Activation, x: tf.Tensor2D): tf.Tensor2D {
  switch (kind) {
    case 'silu':
      return tf.mul(x, tf.sigmoid(x));
    case 'relu':
      return tf.relu(x);
    case 'gelu':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case 'gelu_tanh': {
      const cubic = tf.mul(tf.add(tf.mul(tf.square(x), 0.044715), 1), tf.mul(x, Math.sqrt(2 / Math.PI)));
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(cubic), 1)) as tf.Tensor2D;
    }
  }
}

/** activation(gate) · up, both [n, ffnDim]. */
export function gated(
  { fused }: Pick<LayerContext, 'fused'>,
  kind: Activation,
  gate: tf.Tensor2D,
  up: tf.Tensor2D,
): tf.Tensor2D {
  return kind === 'silu' ? swiGlu(fused, gate, up) : tf.mul(activate(kind, gate), up);
}

/**
 * silu(g)·u (Shazeer 2020). With s = σ(g) and a = g·s, computed again on the backward pass instead of being kept: du = dy·a,
 * dg = dy·u·s·(1 + g − a).
 */
function swiGlu(fused: FusedOps | null, gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D {
  if (fused !== null) {
    return customGradient(
      [gate, up],
      (g, u) => ({ value: fused.swiGlu(g, u), saved: [g, u] }),
      (dy, [g, u]) => fused.swiGluGradient(g as tf.Tensor2D, u as tf.Tensor2D, dy),
    );
  }
  return customGradient(
    [gate, up],
    (g, u) => ({ value: tf.mul(activate('silu', g), u) as tf.Tensor2D, saved: [g, u] }),
    (dy, saved) => {
      const [g, u] = saved as [tf.Tensor2D, tf.Tensor2D];
      const s = tf.sigmoid(g);
      const a = tf.mul(g, s);
      const slope = tf.mul(s, tf.add(tf.sub(g, a), 1));
      return [tf.mul(tf.mul(dy, u), slope), tf.mul(dy, a)];
    },
  );
}

/** The family's feed-forward of x [n, dim]; `block` is the prefix of the block's modules. */
export function feedForward(context: LayerContext, block: string, x: tf.Tensor2D): tf.Tensor2D {
  const { names, feedForward: settings } = context.architecture;
  const of = (name: string | undefined) => linear(context, `${block}${name}`, x);
  const hidden = () => {
    if (settings.kind === 'plain') return activate(settings.activation, of(names.up));
    if (names.gateUp === undefined) return gated(context, settings.activation, of(names.gate), of(names.up));
    const [gate, up] = tf.split(of(names.gateUp), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return gated(context, settings.activation, gate, up);
  };
  return linear(context, block + names.down, hidden());
}
