import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { composedOps, nativeOps } from '../../src-main/backends/native-ops.ts';
import { openBackend } from '../../src-main/backends/open-backend.ts';
import type { OpenedBackend } from '../../src-main/backends/types.ts';
import { nativeMissing } from './native-available.ts';

describe.skipIf(nativeMissing !== undefined)(
  `TensorFlow's native library${nativeMissing ? ` (skipped: ${nativeMissing})` : ''}`,
  () => {
    let opened: OpenedBackend;
    beforeAll(async () => {
      opened = await openBackend({ prefer: 'tensorflow-cpu' });
    });

    it('is chosen, and named with its version', () => {
      expect(opened.name).toBe('tensorflow-cpu');
      expect(opened.versions['tensorflow']).toMatch(/^2\.\d+/);
      expect(opened.notes).toEqual([]);
      expect(opened.device).toMatch(/thread/);
    });

    it('computes a product worked by hand', async () => {
      const product = tf.matMul(
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
        tf.tensor2d([
          [5, 6],
          [7, 8],
        ]),
      );
      expect(await product.array()).toEqual([
        [19, 22],
        [43, 50],
      ]);
    });

    it('computes a gradient worked by hand: d/dx Σ (x·w)² = 2 (x·w) wᵀ', async () => {
      const w = tf.tensor2d([[1], [2]]);
      const gradient = tf.grad((x) => tf.sum(tf.square(tf.matMul(x as tf.Tensor2D, w))))(tf.tensor2d([[3, 4]]));
      expect(await gradient.array()).toEqual([[22, 44]]);
    });

    it('has the gradient of gather, rows that occur twice added up', async () => {
      const table = tf.tensor2d([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      const ids = tf.tensor1d([2, 0, 2], 'int32');
      const gradient = tf.grad((x) =>
        tf.sum(
          tf.mul(
            tf.gather(x, ids),
            tf.tensor2d([
              [1, 2],
              [3, 4],
              [5, 6],
            ]),
          ),
        ),
      )(table);
      expect(await gradient.array()).toEqual([
        [3, 4],
        [0, 0],
        [6, 8],
      ]);
    });

    it('keeps nothing alive after a tidy', () => {
      const before = tf.memory().numTensors;
      tf.tidy(() => void tf.matMul(tf.ones([8, 8]), tf.ones([8, 8])));
      expect(tf.memory().numTensors).toBe(before);
    });

    it('answers cross-entropy as its definition has it: two classes, logits 0 and ln 3', async () => {
      const { loss, grad } = nativeOps().sparseSoftmaxCrossEntropy(
        tf.tensor2d([
          [0, Math.log(3)],
          [0, Math.log(3)],
        ]),
        tf.tensor1d([0, 1], 'int32'),
      );
      const [first, second] = await loss.array();
      expect(first).toBeCloseTo(Math.log(4), 6);
      expect(second).toBeCloseTo(Math.log(4 / 3), 6);
      const expected = [
        [-0.75, 0.75],
        [0.25, -0.25],
      ];
      (await grad.array()).forEach((row, i) =>
        row.forEach((value, j) => expect(value).toBeCloseTo(expected[i]?.[j] ?? NaN, 6)),
      );
    });

    it('gives the same cross-entropy in one pass as composed from many', async () => {
      const logits = tf.randomNormal([40, 300], 0, 8, 'float32', 7) as tf.Tensor2D;
      const labels = tf.randomUniform([40], 0, 300, 'int32', 8) as tf.Tensor1D;
      const one = nativeOps().sparseSoftmaxCrossEntropy(logits, labels);
      const many = composedOps.sparseSoftmaxCrossEntropy(logits, labels);
      expect((await tf.max(tf.abs(tf.sub(one.loss, many.loss))).data())[0]).toBeLessThan(1e-4);
      expect((await tf.max(tf.abs(tf.sub(one.grad, many.grad))).data())[0]).toBeLessThan(1e-6);
    });

    it('gives the cross-entropy with soft labels in one pass as composed from many', async () => {
      const logits = tf.randomNormal([40, 300], 0, 8, 'float32', 7) as tf.Tensor2D;
      const probabilities = tf.softmax(tf.randomNormal([40, 300], 0, 3, 'float32', 9) as tf.Tensor2D);
      const one = nativeOps().softmaxCrossEntropy(logits, probabilities);
      const many = composedOps.softmaxCrossEntropy(logits, probabilities);
      expect((await tf.max(tf.abs(tf.sub(one.loss, many.loss))).data())[0]).toBeLessThan(1e-4);
      expect((await tf.max(tf.abs(tf.sub(one.grad, many.grad))).data())[0]).toBeLessThan(1e-6);
    });

    it('stays finite where exponentials would overflow', async () => {
      const logits = tf.tensor2d([[1000, -1000, 0]]);
      const labels = tf.tensor1d([1], 'int32');
      for (const ops of [nativeOps(), composedOps])
        expect(await ops.sparseSoftmaxCrossEntropy(logits, labels).loss.array()).toEqual([2000]);
    });

    it('makes two tensors and no more per cross-entropy, native or composed', () => {
      const logits = tf.ones([4, 5]) as tf.Tensor2D;
      const labels = tf.tensor1d([0, 1, 2, 3], 'int32');
      for (const ops of [nativeOps(), composedOps]) {
        const before = tf.memory().numTensors;
        ops.sparseSoftmaxCrossEntropy(logits, labels);
        expect(tf.memory().numTensors).toBe(before + 2);
      }
    });

    it('sums squares', async () => {
      for (const ops of [nativeOps(), composedOps])
        expect(
          await ops
            .sumOfSquares(
              tf.tensor2d([
                [1, -2],
                [3, 4],
              ]),
            )
            .array(),
        ).toBe(30);
    });
  },
);
