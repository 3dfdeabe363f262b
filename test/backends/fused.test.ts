import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeOps, openBackend } from '../../src-main/backends/index.ts';
import type { FusedOps } from '../../src-main/backends/fused.ts';
import { processorFlags } from '../../src-main/backends/processor.ts';
import { nativeMissing } from './native-available.ts';

const flags = processorFlags();
/** The sets of instructions that are here, by the binding's names. */
const sets = ['plain', ...(flags.has('avx2') ? ['AVX2'] : []), ...(flags.has('avx512dq') ? ['AVX-512'] : [])];

/** What a process of its own measures, since the binding chooses once. */
async function measuredWith(set: string, threads: string) {
  const env = { ...process.env, FLIPGUARD_INSTRUCTIONS: set, TF_NUM_INTRAOP_THREADS: threads };
  const { stdout } = await promisify(execFile)(process.execPath, ['test/backends/fused-child.ts'], { env });
  const answer = JSON.parse(stdout) as { instructions?: string; differences: Record<string, number>; digest: string };
  return { set, ...answer };
}

describe.skipIf(nativeMissing !== undefined)(
  `operations that are one kernel each${nativeMissing ? ` (skipped: ${nativeMissing})` : ''}`,
  () => {
    it(
      'compute what float64 does, with each set of instructions and any number of threads',
      { timeout: 120_000 },
      async () => {
        const [manyThreads, ...all] = await Promise.all([
          measuredWith('plain', '7'),
          ...sets.map((set) => measuredWith(set, '2')),
        ]);
        for (const { set, instructions, differences } of all) {
          expect(instructions).toBe(set);
          expect(Object.keys(differences).length).toBeGreaterThan(60);
          for (const [name, difference] of Object.entries(differences))
            expect(difference, `${set}: ${name}`).toBeLessThan(5e-6);
        }
        // To the last bit.
        expect(manyThreads.digest).toBe(all[0]?.digest);
        expect(all[0]?.set).toBe(manyThreads.set);
      },
    );

    it('are not there where they are turned off', { timeout: 120_000 }, async () => {
      const { instructions, differences } = await measuredWith('off', '1');
      expect([instructions, differences]).toEqual([undefined, {}]);
    });

    describe('in this process', () => {
      let fused: FusedOps;
      beforeAll(async () => {
        await openBackend({ prefer: 'tensorflow-cpu' });
        fused = nativeOps().fused!;
      });

      it('let a number that is none show in what depends on it, and nowhere else', () => {
        const logits = tf.tensor2d([
          [1, Number.NaN, 2],
          [1, 2, 3],
        ]);
        const { loss } = fused.crossEntropy(logits, tf.tensor1d([0, 0], 'int32'));
        const gate = fused.swiGlu(tf.tensor2d([[Number.NaN, 1]]), tf.tensor2d([[1, 1]]));
        const normed = fused.rmsNorm(tf.tensor2d([[Number.POSITIVE_INFINITY, 1]]), tf.tensor1d([1, 1]), 1e-5);
        expect([...loss.dataSync()].map(Number.isNaN)).toEqual([true, false]);
        expect([...gate.dataSync()].map(Number.isNaN)).toEqual([true, false]);
        expect([...normed.dataSync()].some(Number.isNaN)).toBe(true);
      });

      it('refuse a label outside of the vocabulary in place of reading another’s memory', () => {
        for (const label of [-1, 3])
          expect(() => fused.crossEntropy(tf.tensor2d([[1, 2, 3]]), tf.tensor1d([label], 'int32'))).toThrow(
            /label is outside of the vocabulary/,
          );
      });

      it('refuse a slot that shows a place that there is not', () => {
        const states = tf.ones([4, 8]) as tf.Tensor2D;
        const of = (spread: number[], returned: number[]) => ({
          ...{ query: states, key: states, value: states, rotary: null, headDim: 8, window: null, scale: 1 },
          spread: tf.tensor1d(spread, 'int32'),
          returned: tf.tensor1d(returned, 'int32'),
          groups: [{ rows: 1, time: 3 }],
        });
        expect(() => fused.attention(of([0, 1, 4], [0, 1, 2]))).toThrow(/a place that there is not/);
        expect(() => fused.attention(of([0, 1, 2], [0, -1, 2]))).toThrow(/a place that there is not/);
        expect(() => fused.attention(of([0, 1], [0, 1]))).toThrow(/rows do not fit their slots/);
      });

      it('refuse a position that a cache has no room for, and a row of padding alone', () => {
        const [states, rows] = [tf.ones([1, 8]) as tf.Tensor2D, () => tf.zeros([1, 1, 8, 16]) as tf.Tensor4D];
        const step = (place: number, padding: number) =>
          fused.attendStep({
            ...{ query: states, key: states, value: states, rotary: null, keys: rows(), values: rows(), window: null },
            padding: tf.tensor1d([padding], 'int32'),
            place: tf.tensor1d([place], 'int32'),
          });
        expect(step(15, 15).shape).toEqual([1, 8]);
        for (const place of [-1, 16]) expect(() => step(place, 0)).toThrow(/outside of the cache/);
        for (const padding of [-1, 4]) expect(() => step(3, padding)).toThrow(/more padding than positions/);
      });

      it('pick a token, the first of equals, and show in its log-prob that a number is none', () => {
        const logits = tf.tensor2d([
          [1, 4, 4, Number.NEGATIVE_INFINITY],
          [1, Number.NaN, 2, 3],
        ]);
        const likeliest = fused.likeliest(logits);
        expect(likeliest.token.dataSync()[0]).toBe(1);
        expect([...likeliest.logProb.dataSync()].map(Number.isNaN)).toEqual([false, true]);
        const drawn = fused.drawn(logits, tf.tensor1d([0.999_999, 0.5]), 1);
        expect(drawn.token.dataSync()[0]).toBe(2);
        expect([...drawn.logProb.dataSync()].map(Number.isNaN)).toEqual([false, true]);
        expect([...drawn.token.dataSync()].every((token) => token >= 0 && token < 4)).toBe(true);
      });

      it('leave what they are given as it was', () => {
        const logits = tf.tensor2d([[1, 2, 3]]);
        const { grad } = fused.crossEntropy(logits, tf.tensor1d([0], 'int32'));
        fused.firstRowsScaled(logits, grad, tf.scalar(2), tf.scalar(3));
        fused.drawn(logits, fused.likeliest(logits).logProb, 0.5);
        expect([...logits.dataSync()]).toEqual([1, 2, 3]);
      });
    });
  },
);
