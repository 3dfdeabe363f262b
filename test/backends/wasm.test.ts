import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src-main/backends/index.ts';

const transposes = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

describe('WebAssembly', () => {
  beforeAll(async () => {
    await openBackend({ prefer: 'wasm' });
  });

  // Sizes on both sides of where a product is worth setting up; batches that are equal, and one that is spread over the other.
  test.each([
    ['matrices', [], [], 40, 30, 50],
    ['small matrices', [], [], 3, 2, 4],
    ['a batch', [3], [3], 33, 20, 17],
    ['a batch in two dimensions', [2, 3], [2, 3], 24, 24, 24],
    ['a batch of small ones', [5], [5], 2, 3, 2],
    ['one for a batch', [1], [3], 33, 20, 17],
  ] as const)('%s multiply as their definition has it, transposed or not', (_name, batchA, batchB, m, k, n) => {
    const before = tf.memory().numDataBuffers;
    for (const [transposeA, transposeB] of transposes) {
      const a = tf.randomNormal([...batchA, ...(transposeA ? [k, m] : [m, k])], 0, 1, 'float32', 1);
      const b = tf.randomNormal([...batchB, ...(transposeB ? [n, k] : [k, n])], 0, 1, 'float32', 2);
      const product = tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transposeA, transposeB);
      const [x, y, z] = [a.dataSync(), b.dataSync(), product.dataSync()];
      const batches = Math.max(size(batchA), size(batchB));
      expect(product.shape).toEqual([...(size(batchA) > size(batchB) ? batchA : batchB), m, n]);
      let off = 0;
      for (let i = 0; i < batches; i++)
        for (let row = 0; row < m; row++)
          for (let column = 0; column < n; column++) {
            const [atA, atB] = [size(batchA) === 1 ? 0 : i * m * k, size(batchB) === 1 ? 0 : i * k * n];
            let sum = 0;
            for (let j = 0; j < k; j++)
              sum +=
                x[atA + (transposeA ? j * m + row : row * k + j)]! *
                y[atB + (transposeB ? column * k + j : j * n + column)]!;
            off = Math.max(off, Math.abs(sum - z[(i * m + row) * n + column]!));
          }
      expect(off).toBeLessThan(1e-4);
      tf.dispose([a, b, product]);
    }
    expect(tf.memory().numDataBuffers).toBe(before);
  });

  test('rows are gathered by lists and tables of indices; one that is not there is named', () => {
    const rows = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [3, 2, 2]);
    expect([...tf.gather(rows, tf.tensor1d([2, 0], 'int32')).dataSync()]).toEqual([9, 10, 11, 12, 1, 2, 3, 4]);
    const table = tf.gather(rows, tf.tensor2d([[1], [1]], [2, 1], 'int32'));
    expect(table.shape).toEqual([2, 1, 2, 2]);
    expect([...table.dataSync()]).toEqual([5, 6, 7, 8, 5, 6, 7, 8]);
    expect([...tf.gather(rows, tf.tensor1d([1], 'int32'), 1).dataSync()]).toEqual([3, 4, 7, 8, 11, 12]);
    expect(() => tf.gather(rows, tf.tensor1d([3], 'int32'))).toThrow('the index value 3 is not in [0, 2]');
  });
});

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
