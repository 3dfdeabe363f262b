import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D } from '@tensorflow/tfjs-core';

/** Central difference of a scalar function at `point`; for functions that are smooth there. */
export function numericGradient(f: (x: Tensor1D) => Scalar, point: number[], step = 1e-2): number[] {
  const at = (values: number[]) => tf.tidy(() => f(tf.tensor1d(values)).dataSync()[0] as number);
  return point.map((value, i) => {
    const shifted = (by: number) => at(point.map((other, j) => (j === i ? value + by : other)));
    return (shifted(step) - shifted(-step)) / (2 * step);
  });
}

export function analyticGradient(f: (x: Tensor1D) => Scalar, point: number[]): number[] {
  return tf.tidy(() => [
    ...tf
      .grad((x) => f(x as Tensor1D))(tf.tensor1d(point))
      .dataSync(),
  ]);
}
