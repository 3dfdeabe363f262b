import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  crossEntropyDivergence,
  distributionsOf,
  drawGates,
  fallBeyond,
  forwardKl,
  guardTerm,
  implicitRewardFall,
  logProbRounding,
} from '../../../src-main/engine/guard/guard.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { guardSpec, type GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { analyticGradient, numericGradient } from '../../helpers/finite-difference.ts';
import { openTestBackend } from '../../helpers/backend.ts';

const spec = (changes: Partial<GuardSpec> = {}): GuardSpec => ({
  ...guardSpec.parse({ kind: 'flipguard', reduction: 'token-sum' }),
  ...changes,
});
const random = () => createRandom(0, 'gate');
const pre = [-10, -20, -30];
const tokens = () => tf.tensor1d([5, 10, 15]);

function guardOf(policy: Tensor1D, guard: GuardSpec, beta = 0.1) {
  const fall = implicitRewardFall(
    { target: policy, preTarget: tf.tensor1d(pre), targetTokens: tokens() },
    guard.gate,
    beta,
    logProbRounding,
  );
  return guardTerm(
    { fall, divergence: crossEntropyDivergence(policy, tokens(), guard.reduction) },
    guard,
    gates(guard, 3),
  );
}

function gates(guard: GuardSpec, count: number): Tensor1D {
  return tf.tensor1d(drawGates(guard, count, random()));
}

beforeAll(async () => {
  await openTestBackend('cpu');
});

describe('the exact facts', () => {
  test('1: at step 0 no gate fires for ε ≥ 0, and loss and gradient are exactly 0', () => {
    for (const epsilon of [0, 0.5]) {
      for (const gate of ['sequence', 'per-token'] as const) {
        const at = (x: Tensor1D) => guardOf(x, spec({ epsilon, gate }));
        expect([...at(tf.tensor1d(pre)).fired.dataSync()]).toEqual([0, 0, 0]);
        expect(analyticGradient((x) => tf.sum(at(x).loss), pre).map(Math.abs)).toEqual([0, 0, 0]);
        expect(tf.sum(at(tf.tensor1d(pre)).loss).dataSync()[0]).toBeCloseTo(0, 12);
      }
    }
  });

  test('3: chosen, ε = 0, token sum has the gradient of max(0, lp(pre,w) − lp(π,w))', () => {
    const policy = [-11, -19, -34];
    const hinge = (x: Tensor1D): Scalar => tf.sum(tf.relu(tf.sub(tf.tensor1d(pre), x)));
    const guard = (x: Tensor1D): Scalar => tf.sum(guardOf(x, spec()).loss);
    expect(analyticGradient(guard, policy)).toEqual(analyticGradient(hinge, policy));
    expect(analyticGradient(guard, policy).map((g) => g + 0)).toEqual([-1, 0, -1]);
  });

  test('4: forward KL and its soft-label cross-entropy have one gradient; reverse KL has another', () => {
    const preLogits = tf.tensor2d([1, 0, -1, 2, 0.5, 0], [2, 3]);
    const preLogProbs: Tensor2D = tf.logSoftmax(preLogits);
    const pre = distributionsOf(preLogits);
    const point = [0.2, 0.4, -0.3, 1, 1, -2];
    const rows = (x: Tensor1D): Tensor2D => tf.reshape(x, [2, 3]);
    const forward = analyticGradient((x) => tf.sum(forwardKl(pre, rows(x))), point);
    const soft = analyticGradient(
      (x) => tf.neg(tf.sum(tf.mul(tf.exp(preLogProbs), tf.logSoftmax(rows(x))))) as Scalar,
      point,
    );
    const reverse = analyticGradient((x) => {
      const logProbs = tf.logSoftmax(rows(x));
      return tf.sum(tf.mul(tf.exp(logProbs), tf.sub(logProbs, preLogProbs)));
    }, point);
    forward.forEach((g, i) => expect(g).toBeCloseTo(soft[i] ?? NaN, 6));
    expect(Math.max(...forward.map((g, i) => Math.abs(g - (reverse[i] ?? 0))))).toBeGreaterThan(0.01);
    const numeric = numericGradient((x) => tf.sum(forwardKl(pre, rows(x))), point);
    forward.forEach((g, i) => expect(g).toBeCloseTo(numeric[i] ?? NaN, 3));
    expect(forwardKl(pre, preLogProbs).dataSync()[0]).toBeCloseTo(0, 6);
  });
});

describe('gates', () => {
  const policy = tf.tensor1d.bind(null, [-14, -26, -29]);

  test('sequence, with ε in units of the implicit reward', () => {
    // falls: 0.1·(4, 6, −1)
    expect([...guardOf(policy(), spec({ epsilon: 0.5 })).fired.dataSync()]).toEqual([0, 1, 0]);
    expect([...guardOf(policy(), spec({ epsilon: 0.3 })).fired.dataSync()]).toEqual([1, 1, 0]);
  });

  test('per-token divides by the response’s length', () => {
    // falls per token: 0.1·(0.8, 0.6, −1/15)
    expect([...guardOf(policy(), spec({ gate: 'per-token', epsilon: 0.07 })).fired.dataSync()]).toEqual([1, 0, 0]);
  });

  test('margin fires where the pair’s margin shrank, though both log-probs fell', () => {
    const fall = implicitRewardFall(
      {
        target: tf.tensor1d([-12, -12]),
        preTarget: tf.tensor1d([-10, -10]),
        targetTokens: tf.tensor1d([5, 5]),
        other: { logProbs: tf.tensor1d([-15, -11]), pre: tf.tensor1d([-11, -11]) },
      },
      'margin',
      0.1,
      logProbRounding,
    );
    // margins: before 1 and 1; now 3 and −1
    const [first, second] = fall.dataSync();
    // less the rounding of the log-probs, 1e-5 of their sizes
    expect(first).toBeCloseTo(-0.2 - 0.1e-5 * 25, 6);
    expect(second).toBeCloseTo(0.2 - 0.1e-5 * 21, 6);
  });

  test('the ungated control fires everywhere, the random one at its rate and repeatably', () => {
    expect([...guardOf(policy(), spec({ kind: 'ungated' })).fired.dataSync()]).toEqual([1, 1, 1]);
    const many = (): number[] => {
      const zeros: Tensor1D = tf.zeros([4000]);
      const guard = spec({ kind: 'random', randomRate: 0.3 });
      const term = guardTerm({ fall: zeros, divergence: zeros }, guard, gates(guard, 4000));
      return [...term.fired.dataSync()];
    };
    const fired = many();
    expect(fired.reduce((sum, x) => sum + x, 0) / fired.length).toBeCloseTo(0.3, 1);
    expect(many()).toEqual(fired);
  });

  test('the fall beyond ε is 0 where the gate opens, grows with the fall, and pulls by β', () => {
    const at = (x: Tensor1D, guard: GuardSpec) => {
      const values = { target: x, preTarget: tf.tensor1d(pre), targetTokens: tokens() };
      const fall = implicitRewardFall(values, guard.gate, 0.1, logProbRounding);
      return guardTerm({ fall, divergence: fallBeyond(fall, guard.epsilon) }, guard, gates(guard, 3));
    };
    // Falls of 0.1, −0.1 and 0.4; then one a hair beyond ε, which the cross-entropy would meet with a jump.
    const policy = [-11, -19, -34];
    const guard = spec({ divergence: 'fall', epsilon: 0.05 });
    const losses = [...at(tf.tensor1d(policy), guard).loss.dataSync()];
    [0.05, 0, 0.35].forEach((loss, i) => expect(losses[i]).toBeCloseTo(loss, 3));
    const slope = analyticGradient((x) => tf.sum(at(x, guard).loss), policy).map((g) => g + 0);
    [-0.1, 0, -0.1].forEach((g, i) => expect(slope[i]).toBeCloseTo(g, 6));
    const hair = at(tf.tensor1d([-10.502, -20, -30]), guard);
    expect(hair.fired.dataSync()[0]).toBe(1);
    expect(hair.loss.dataSync()[0]).toBeLessThan(2e-4);
    const ungated = [...at(tf.tensor1d(policy), { ...guard, kind: 'ungated' }).loss.dataSync()];
    [0.05, -0.15, 0.35].forEach((loss, i) => expect(ungated[i]).toBeCloseTo(loss, 3));
  });

  test('token mean is the sum divided by the response’s tokens', () => {
    const mean = crossEntropyDivergence(tf.tensor1d([-10]), tf.tensor1d([4]), 'token-mean').dataSync()[0];
    expect(mean).toBe(2.5);
  });
});
