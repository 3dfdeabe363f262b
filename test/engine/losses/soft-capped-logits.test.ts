import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { leadOf } from '../../../src-main/engine/guard/flip-hinge.ts';
import { headDivergence, headLogProbs, headScores } from '../../../src-main/engine/losses/head.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';

/** Logits of Gemma 2 stay within ±cap: every loss that makes them itself is held against plain tensors made of `logits`. */
let model: CausalLm;
let other: CausalLm;
let labels: tf.Tensor1D;
const hiddenOf = (seed: number) => tf.randomNormal([5, 32], 0, 2, 'float32', seed) as tf.Tensor2D;

beforeAll(async () => {
  await openTestBackend();
  labels = tf.tensor1d([3, 40, 7, 0, 12], 'int32');
  model = await loadGoldenModel('gemma2');
  other = await loadGoldenModel('gemma2');
  for (const weight of other.parameters.values()) tf.tidy(() => weight.assign(tf.mul(weight, 0.7)));
});
afterAll(() => [labels, model, other].forEach((one) => one.dispose()));

type Loss = (hidden: tf.Tensor2D) => tf.Tensor1D;

/** Largest difference of two losses, of their gradients by hidden states, and by the head. */
function differences(one: Loss, two: Loss): number[] {
  return tf.tidy(() => {
    const head = model.languageHead().weights;
    const outcome = (loss: Loss) => {
      const weighted = (hidden: tf.Tensor2D) => tf.sum(tf.mul(loss(hidden), tf.cos(tf.range(0, 5)))) as tf.Scalar;
      const hidden = hiddenOf(1);
      const { grads } = tf.variableGrads(() => weighted(hidden), [head]);
      return [loss(hidden), tf.grad((x) => weighted(x as tf.Tensor2D))(hidden), Object.values(grads)[0]!];
    };
    const [first, second] = [outcome(one), outcome(two)];
    return first.map((x, i) => tf.max(tf.abs(tf.sub(x, second[i]!))).dataSync()[0]!);
  });
}

const oneHot = () => tf.oneHot(labels, model.config.vocabSize, 1, 0, 'float32');
const plainLogProbs =
  (temperature: number): Loss =>
  (hidden) =>
    tf.sum(tf.mul(tf.logSoftmax(tf.div(model.logits(hidden), temperature)), oneHot()), 1);

describe('losses of soft-capped logits, and their gradients', () => {
  const forms = { composed: () => undefined, 'as one operation': nativeOps };
  describe.each(Object.entries(forms))('%s', (_, ops) => {
    it.each([1, 0.6])('are those of the label at a temperature of %d', (temperature) => {
      const own: Loss = (hidden) => headLogProbs(model, hidden, labels, { ops: ops(), temperature });
      expect(Math.max(...differences(own, plainLogProbs(temperature)))).toBeLessThan(1e-4);
      const inPieces: Loss = (hidden) =>
        headLogProbs(model, hidden, labels, { ops: ops(), temperature, limits: { kept: 1, piece: 96 } });
      expect(Math.max(...differences(inPieces, plainLogProbs(temperature)))).toBeLessThan(1e-4);
    });

    it.each([false, true])('are those of a divergence from another model, without the label: %s', (masked) => {
      const before = () => ({ model: other, hidden: hiddenOf(2), masked });
      const own: Loss = (hidden) => headDivergence(model, hidden, labels, before(), { ops: ops() }).divergence;
      const plain: Loss = (hidden) => {
        const away = tf.mul(oneHot(), masked ? 1e6 : 0);
        const [old, now] = [other.logits(hiddenOf(2)), model.logits(hidden)].map((x) => tf.logSoftmax(tf.sub(x, away)));
        const shares = tf.mul(tf.exp(old!), tf.sub(1, tf.mul(oneHot(), masked ? 1 : 0)));
        return tf.sum(tf.mul(shares, tf.sub(old!, now!)), 1);
      };
      expect(Math.max(...differences(own, plain))).toBeLessThan(1e-4);
    });
  });

  it('are those of the lead over the strongest other token', () => {
    const own: Loss = (hidden) => leadOf(model, hidden, labels);
    const plain: Loss = (hidden) => {
      const logits = model.logits(hidden);
      const without = tf.sub(logits, tf.mul(oneHot(), 1e6));
      return tf.sub(tf.sum(tf.mul(logits, oneHot()), 1), tf.max(without, 1));
    };
    expect(Math.max(...differences(own, plain))).toBeLessThan(1e-4);
  });

  it('are read without gradients alike', () => {
    const gap = tf.tidy(() => {
      const hidden = hiddenOf(1);
      const { logProbs } = headScores(model, hidden, labels);
      return tf.max(tf.abs(tf.sub(logProbs, plainLogProbs(1)(hidden)))).dataSync()[0]!;
    });
    expect(gap).toBeLessThan(1e-5);
  });

  it('lie within the cap', () => {
    const cap = model.languageHead().cap!;
    const largest = tf.tidy(() => tf.max(tf.abs(model.logits(tf.mul(hiddenOf(1), 100)))).dataSync()[0]!);
    expect(cap).toBe(3);
    expect(largest).toBeGreaterThan(2.5);
    expect(largest).toBeLessThanOrEqual(3);
  });
});
