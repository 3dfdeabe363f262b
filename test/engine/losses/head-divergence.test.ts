import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { distributionsOf, forwardKl } from '../../../src-main/engine/guard/guard.ts';
import { headDivergence, headLogProbs } from '../../../src-main/engine/losses/head.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { lossGradients } from '../../../src-main/engine/optim/gradients.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { analyticGradient } from '../../helpers/finite-difference.ts';
import { tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend();
});

const rows = 7;
const compared = 4;

function randomHidden(count: number, name: string): number[] {
  const random = createRandom(3, name);
  return Array.from({ length: count * 8 }, () => 4 * random.next() - 2);
}

/** Σ a·log p(label) + Σ b·KL with its gradients by the head and the hidden states, as plain numbers. */
function measured(model: CausalLm, of: (hidden: Tensor2D) => { logProbs: Tensor1D; divergence: Tensor1D }) {
  const hidden = tf.variable(tf.tensor2d(randomHidden(rows, 'now'), [rows, 8]));
  const name = [...model.trainable].find(([, one]) => one === model.languageHead().weights)![0];
  const watched = new Map([['hidden', hidden], [name, model.languageHead().weights] as const]);
  let values: number[] = [];
  const { value, gradients } = lossGradients(watched, () => {
    const { logProbs, divergence } = of(hidden);
    values = [...logProbs.dataSync(), ...divergence.dataSync()];
    const byRow = tf.tensor1d([0.3, -0.2, 0.1, 0.5, -0.4, 0.2, 0.6]);
    const byPlace = tf.tensor1d([0.7, 0, 0.4, -0.1]);
    return tf.add(tf.sum(tf.mul(logProbs, byRow)), tf.sum(tf.mul(divergence, byPlace))) as Scalar;
  });
  const numbers = [...values, ...gradients.get('hidden')!.dataSync(), ...gradients.get(name)!.dataSync()];
  tf.dispose([value, hidden, ...gradients.values()]);
  return numbers;
}

function largestGap(a: readonly number[], b: readonly number[]): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((one, i) => Math.abs(one - b[i]!)));
}

describe('log-probs and KL of one pass of the head', () => {
  test.each([
    ['whole', undefined],
    ['in pieces of two rows', { kept: 1, piece: 2 * 40 }],
  ])('are those of two passes, and so are their gradients: %s', (_, limits) => {
    const [model, old] = [tinyModel(1), tinyModel(2)];
    const labels = tf.tensor1d([3, 39, 0, 7, 7, 12, 20], 'int32');
    const oldHidden = tf.tensor2d(randomHidden(compared, 'old'), [compared, 8]);
    const apart = measured(model, (hidden) => ({
      logProbs: headLogProbs(model, hidden, labels),
      divergence: forwardKl(
        distributionsOf(old.logits(oldHidden)),
        model.logits(tf.slice(hidden, [0, 0], [compared, 8])),
      ),
    }));
    for (const ops of [{}, nativeOps()]) {
      const before = { model: old, hidden: oldHidden, masked: false };
      const options = { ops, ...(limits === undefined ? {} : { limits }) };
      const together = measured(model, (hidden) => headDivergence(model, hidden, labels, before, options));
      expect(largestGap(together, apart)).toBeLessThan(2e-6);
    }
    expect(Math.max(...apart.slice(rows, rows + compared))).toBeGreaterThan(0.05);
  });

  test('a model is at no distance from itself, to the last bit', () => {
    const model = tinyModel(1);
    const hidden = tf.tensor2d(randomHidden(compared, 'now'), [compared, 8]);
    const labels = tf.tensor1d([3, 39, 0, 7], 'int32');
    for (const ops of [{}, nativeOps()]) {
      for (const masked of [false, true]) {
        const { divergence } = headDivergence(model, hidden, labels, { model, hidden, masked }, { ops });
        expect([...divergence.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0]);
      }
    }
  });
});

/** A model whose hidden states are its logits: all that the head is asked for. */
const bare = {
  languageHead: () => ({ weights: tf.variable(tf.eye(3), false), multiplier: 1, trains: false }),
} as unknown as CausalLm;

describe('without the label’s token', () => {
  const labels = () => tf.tensor1d([0, 2], 'int32');
  /** Without the label 0: 2/3 and 1/3; without the label 2: 1/4 and 3/4. */
  const old = () => tf.tensor2d([5, Math.log(2), 0, 0, Math.log(3), -40], [2, 3]);
  const klOf = (logits: Tensor2D, masked = true) =>
    headDivergence(bare, logits, labels(), { model: bare, hidden: old(), masked }).divergence;

  test('is the KL of what is left, by hand', () => {
    const now = tf.tensor2d([-1, 0, 0, 1, 1, 60], [2, 3]);
    const [first, second] = klOf(now).dataSync();
    expect(first).toBeCloseTo((2 / 3) * Math.log(4 / 3) + (1 / 3) * Math.log(2 / 3), 6);
    expect(second).toBeCloseTo((1 / 4) * Math.log(1 / 2) + (3 / 4) * Math.log(3 / 2), 6);
  });

  test('leaves the label’s logit alone, and pulls the others to what they were', () => {
    const gradient = analyticGradient((x) => tf.sum(klOf(tf.reshape(x, [2, 3]))), [-1, 0, 0, 1, 1, 60]);
    const wanted = [0, 1 / 2 - 2 / 3, 1 / 2 - 1 / 3, 1 / 2 - 1 / 4, 1 / 2 - 3 / 4, 0];
    expect(largestGap(gradient, wanted)).toBeLessThan(1e-6);
    const whole = analyticGradient((x) => tf.sum(klOf(tf.reshape(x, [2, 3]), false)), [-1, 0, 0, 1, 1, 60]);
    expect(whole[0]).toBeLessThan(-0.5);
  });
});
