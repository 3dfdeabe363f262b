import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { dpoLoss, type PairLogProbs } from '../../../src-main/engine/losses/dpo.ts';
import {
  generalisedAdvantage,
  nextKlWeight,
  ppoPolicyLoss,
  ppoValueLoss,
  tokenRewards,
  whiten,
} from '../../../src-main/engine/losses/ppo.ts';
import { rewardLoss } from '../../../src-main/engine/losses/reward.ts';
import { sftLoss } from '../../../src-main/engine/losses/sft.ts';
import { labelLogProbs } from '../../../src-main/engine/losses/token-log-probs.ts';
import { analyticGradient, numericGradient } from '../../helpers/finite-difference.ts';
import { openTestBackend } from '../../helpers/backend.ts';

const plain = { loss: 'sigmoid', beta: 0.1, labelSmoothing: 0, dpop: 0, nllWeight: 0 } as const;

/** Pair 0: Δw = 2, Δl = −1 (h = 3). Pair 1: Δw = −4, Δl = −2 (h = −2). */
function pairs(chosen: Tensor1D = tf.tensor1d([-10, -24])): PairLogProbs {
  return {
    chosen,
    rejected: tf.tensor1d([-13, -32]),
    refChosen: tf.tensor1d([-12, -20]),
    refRejected: tf.tensor1d([-12, -30]),
    chosenTokens: tf.tensor1d([4, 8]),
    rejectedTokens: tf.tensor1d([5, 16]),
  };
}

const logSigmoid = (z: number) => -Math.log1p(Math.exp(-z));
function expectClose(actual: ArrayLike<number>, expected: number[], digits = 5): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, digits));
}

beforeAll(async () => {
  await openTestBackend('cpu');
});

describe('dpoLoss, by hand', () => {
  test.each([
    ['sigmoid', plain, [-logSigmoid(0.3), -logSigmoid(-0.2)]],
    [
      'label smoothing',
      { ...plain, labelSmoothing: 0.25 },
      [-0.75 * logSigmoid(0.3) - 0.25 * logSigmoid(-0.3), -0.75 * logSigmoid(-0.2) - 0.25 * logSigmoid(0.2)],
    ],
    ['hinge', { ...plain, loss: 'hinge' as const }, [0.7, 1.2]],
    // Δw/|w| − Δl/|l|: 2/4 + 1/5 = 0.7; −4/8 + 2/16 = −0.375; 1/(2β) = 5
    ['ipo', { ...plain, loss: 'ipo' as const }, [(0.7 - 5) ** 2, (-0.375 - 5) ** 2]],
    // penalty only where the chosen response fell: h = −2 − 50·4 = −202
    ['dpop', { ...plain, dpop: 50 }, [-logSigmoid(0.3), -logSigmoid(-20.2)]],
    ['nll', { ...plain, nllWeight: 2 }, [-logSigmoid(0.3) + 2 * (10 / 4), -logSigmoid(-0.2) + 2 * (24 / 8)]],
  ])('%s', (_, spec, expected) => {
    expectClose(dpoLoss(pairs(), spec).dataSync(), expected, 4);
  });

  test('at the reference every sigmoid loss is log 2', () => {
    const same = { ...pairs(), chosen: tf.tensor1d([-12, -20]), rejected: tf.tensor1d([-12, -30]) };
    expectClose(dpoLoss(same, plain).dataSync(), [Math.LN2, Math.LN2], 6);
  });

  test.each([
    ['sigmoid', plain],
    ['label smoothing', { ...plain, labelSmoothing: 0.1 }],
    ['hinge', { ...plain, loss: 'hinge' as const }],
    ['ipo', { ...plain, loss: 'ipo' as const }],
    ['dpop', { ...plain, dpop: 5 }],
    ['nll', { ...plain, nllWeight: 0.5 }],
  ])('%s has the gradient of its finite differences', (_, spec) => {
    const loss = (chosen: Tensor1D): Scalar => tf.sum(dpoLoss(pairs(chosen), spec));
    const point = [-10, -24];
    expectClose(analyticGradient(loss, point), numericGradient(loss, point, 0.05), 2);
  });
});

describe('sft and reward', () => {
  test('sft is the mean over the step’s tokens, however they fall into samples', () => {
    expectClose(sftLoss(tf.tensor1d([-6, -2]), tf.tensor1d([4])).dataSync(), [1.5, 0.5]);
  });

  test('Bradley–Terry with centring', () => {
    const losses = rewardLoss(tf.tensor1d([1, 0]), tf.tensor1d([0, 2]), 0.1).dataSync();
    expectClose(losses, [-logSigmoid(1) + 0.1, -logSigmoid(-2) + 0.4]);
  });
});

describe('ppo', () => {
  test('the clipped objective takes the worse of both', () => {
    const old = tf.tensor1d([0, 0, 0, 0]);
    const logProbs = tf.tensor1d([Math.log(1.5), Math.log(1.5), Math.log(0.5), Math.log(0.5)]);
    const losses = ppoPolicyLoss(logProbs, old, tf.tensor1d([1, -1, 1, -1]), 0.2).dataSync();
    expectClose(losses, [-1.2, 1.5, -0.5, 0.8]);
  });

  test('the value loss is clipped around the old value', () => {
    const losses = ppoValueLoss(tf.tensor1d([1, 0.1]), tf.tensor1d([0, 0]), tf.tensor1d([1, 1]), 0.2).dataSync();
    // V = 1 hits the return but clip(1) = 0.2 does not: ½·0.8²; V = 0.1 is inside the clip: ½·0.9²
    expectClose(losses, [0.32, 0.405]);
  });

  test('generalised advantages by hand (γ = 0.5, λ = 0.5)', () => {
    const { advantages, returns } = generalisedAdvantage([1, 0, 2], [0.5, 1, 0], 0.5, 0.5);
    // δ2 = 2; δ1 = 0 + 0.5·0 − 1 = −1, A1 = −1 + 0.25·2 = −0.5; δ0 = 1 + 0.5·1 − 0.5 = 1, A0 = 1 − 0.125
    expectClose(advantages, [0.875, -0.5, 2]);
    expectClose(returns, [1.375, 0.5, 2]);
  });

  test('with γ = λ = 1 the return is the sum of what follows', () => {
    expectClose(generalisedAdvantage([1, 2, 3], [5, -1, 0.5], 1, 1).returns, [6, 5, 3]);
  });

  test('the score lands on the last token, the KL penalty on every one', () => {
    expectClose(tokenRewards(2, [-1, -2], [-1.5, -1], 0.1), [-0.05, 0.1 + 2]);
  });

  test('whitening', () => {
    const [first, second] = whiten([Float32Array.of(1, 2), Float32Array.of(3)]);
    expectClose([...(first ?? []), ...(second ?? [])], [-1, 0, 1]);
  });

  test('the adaptive KL weight moves towards its target, at most a fifth of n/horizon', () => {
    expect(nextKlWeight(0.1, 12, 6, 100, 1000)).toBeCloseTo(0.1 * 1.02, 10);
    expect(nextKlWeight(0.1, 5.4, 6, 100, 1000)).toBeCloseTo(0.1 * 0.99, 10);
  });
});

describe('labelLogProbs', () => {
  const logits = [1, 2, 3, 0, -1, 4];
  test('is log softmax at the label, with its gradient', () => {
    const values = labelLogProbs(tf.tensor2d(logits, [2, 3]), tf.tensor1d([2, 0], 'int32')).dataSync();
    const logSumExp = (row: number[]) => Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    expectClose(values, [3 - logSumExp([1, 2, 3]), 0 - logSumExp([0, -1, 4])]);
    const f = (x: Tensor1D): Scalar => {
      const two: Tensor2D = tf.reshape(x, [2, 3]);
      return tf.sum(tf.mul(labelLogProbs(two, tf.tensor1d([2, 0], 'int32')), tf.tensor1d([1, -2])));
    };
    expectClose(analyticGradient(f, logits), numericGradient(f, logits), 3);
  });
});
