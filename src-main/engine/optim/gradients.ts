import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { NativeOps } from '../ports.ts';
import type { Gradients } from './adamw.ts';
import { freeOnTheWayBack } from './backward-memory.ts';

/** Value and gradients of a scalar loss by the trainable parameters. The caller disposes both. */
export function lossGradients(
  trainable: ReadonlyMap<string, Variable>,
  loss: () => Scalar,
): { value: Scalar; gradients: Gradients } {
  const { value, grads } = tf.variableGrads(() => {
    const total = loss();
    freeOnTheWayBack();
    return total;
  }, [...trainable.values()]);
  const gradients: Gradients = new Map();
  for (const [name, variable] of trainable) {
    const gradient = grads[variable.name];
    if (gradient !== undefined && gradient !== null) gradients.set(name, gradient);
  }
  return { value, gradients };
}

/** Adds `more` into `sum` and disposes what is no longer needed. `null` starts a sum. */
export function addGradients(sum: Gradients | null, more: Gradients): Gradients {
  if (sum === null) return more;
  for (const [name, gradient] of more) {
    const before = sum.get(name);
    if (before === undefined) {
      sum.set(name, gradient);
      continue;
    }
    sum.set(name, tf.add(before, gradient));
    tf.dispose([before, gradient]);
  }
  return sum;
}

/** L2 norm over all gradients together, as torch's `clip_grad_norm_` reports it. */
export function globalNorm(gradients: Gradients, ops: NativeOps = {}): Scalar {
  const sumOfSquares = ops.sumOfSquares ?? ((x: Tensor) => tf.sum(tf.square(x)));
  return tf.tidy(() => {
    const squares = [...gradients.values()].map(sumOfSquares);
    return tf.sqrt(tf.addN(squares)) as Scalar;
  });
}

/** Factor that brings the norm down to `maxNorm`, with torch's guard against division by zero. */
export function clipFactor(norm: number, maxNorm: number | null): number {
  return maxNorm === null ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
}

export function disposeGradients(gradients: Gradients): void {
  tf.dispose([...gradients.values()]);
}
