import * as tf from '@tensorflow/tfjs-core';
import type { HalfPrecision } from '../../engine/ports.ts';
import { createRandom } from '../../engine/random.ts';
import type { BenchmarkMeasure } from '../../shared/domain/benchmark.ts';

/** Products are repeated for so long, three times; the fastest counts. */
const leastSeconds = 0.3;
const tries = 3;
/** Matrices grow until one product takes so long: a slow device is not kept for minutes. */
const largeSeconds = 0.1;
const smallestSize = 256;
/** Of the product that is computed again in JavaScript. */
const checkedSize = 96;

/**
 * What a large product of matrices reaches here, in the precision that linear layers use, and how exact a small one is. `mostRows`: of the
 * matrices.
 */
export async function measureProducts(
  mostRows: number,
  half: HalfPrecision | null,
): Promise<Pick<BenchmarkMeasure, 'productRate' | 'productSize' | 'productError'>> {
  const productError = await errorOfProduct(half);
  for (let productSize = Math.min(smallestSize, mostRows); ; productSize *= 2) {
    const seconds = await secondsOfProduct(productSize, half);
    if (2 * productSize > mostRows || seconds > largeSeconds)
      return { productError, productSize, productRate: (2 * productSize ** 3) / seconds };
  }
}

async function secondsOfProduct(size: number, half: HalfPrecision | null): Promise<number> {
  const [left, right] = [0, 1].map(() => tf.tidy(() => tf.variable(tf.fill([size, size], 0.5)))) as [
    tf.Variable<tf.Rank.R2>,
    tf.Variable<tf.Rank.R2>,
  ];
  if (half !== null) for (const variable of [left, right]) half.store(variable);
  const timed = async (count: number) => {
    const startedMs = performance.now();
    let last: tf.Tensor | null = null;
    for (let i = 0; i < count; i++) {
      last?.dispose();
      last = productOf(left, right, half);
    }
    await waitFor(last!);
    return (performance.now() - startedMs) / 1000;
  };
  await timed(1);
  const once = await timed(1);
  const count = Math.max(1, Math.ceil(leastSeconds / once));
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i++) best = Math.min(best, (await timed(count)) / count);
  tf.dispose([left, right]);
  return best;
}

/** Greatest difference from the sum in double precision, over the greatest entry. */
async function errorOfProduct(half: HalfPrecision | null): Promise<number> {
  const random = createRandom(0, 'product');
  const n = checkedSize;
  const [a, b] = [0, 1].map(() => Float32Array.from({ length: n * n }, () => 2 * random.next() - 1)) as [
    Float32Array,
    Float32Array,
  ];
  const product = tf.tidy(() => productOf(tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n]), half));
  const got = await product.data();
  product.dispose();
  let [error, most] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k]! * b[k * n + j]!;
      error = Math.max(error, Math.abs(sum - got[i * n + j]!));
      most = Math.max(most, Math.abs(sum));
    }
  }
  return error / most;
}

function productOf(left: tf.Tensor2D, right: tf.Tensor2D, half: HalfPrecision | null): tf.Tensor {
  return half === null ? tf.matMul(left, right) : half.product(left, right, false, false);
}

/** Devices take work ahead; a number that is read says that it is done. */
async function waitFor(tensor: tf.Tensor): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), [0], [1]));
  await one.data();
  tf.dispose([one, tensor]);
}
