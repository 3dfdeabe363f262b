import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { hingeOf, leadOf } from '../../../src-main/engine/guard/flip-hinge.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../../../src-main/engine/losses/token-log-probs.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { Passes, type PassTensors } from '../../../src-main/engine/passes.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { largestDifference, randomCompletions, tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

const texts = randomCompletions(6, 11).map(({ sequence }) => sequence);

/** A head of three tokens over states of two numbers. */
const threeTokens = {
  config: { vocabSize: 3 },
  languageHead: () => ({ weights: head(), multiplier: 2, trains: true }),
  logits: (hidden: Tensor2D) => tf.mul(tf.matMul(hidden, head(), false, true), 2),
} as unknown as CausalLm;
const head = () =>
  tf.tensor2d([
    [1, 0],
    [0, 1],
    [-1, 1],
  ]);

describe('the lead of a token', () => {
  test('is its logit less the largest of the others, whoever that is, in pieces or at once', () => {
    // Logits twice [2, 1, −1], [1, 3, 2], [−1, −2, −1]: a tie counts as no lead.
    const hidden = tf.tensor2d([
      [2, 1],
      [1, 3],
      [-1, -2],
    ]);
    const leads = (labels: number[], piece?: number) => [
      ...leadOf(threeTokens, hidden, tf.tensor1d(labels, 'int32'), piece).dataSync(),
    ];
    expect([leads([0, 1, 0]), leads([2, 2, 2], 3)]).toEqual([
      [2, 2, 0],
      [-6, -2, 0],
    ]);
  });

  test('has a hinge that is 0 at the margin, and on tokens that are not held', () => {
    const hinge = hingeOf(tf.tensor1d([2, 1, 0.25, -3, -3]), tf.tensor1d([1, 1, 1, 1, 0]), 1);
    expect([...hinge.dataSync()].map((x) => x + 0)).toEqual([0, 0, 0.75, 4, 0]);
  });

  test('has the gradient of all logits together', async () => {
    const model = tinyModel(3);
    const layout = layoutFor(model, texts, false);
    const gradientsOf = async (leads: (hidden: Tensor2D, labels: Tensor1D) => Tensor1D) => {
      const build = (tensors: PassTensors) => {
        const batch = batchOf(layout.form, tensors);
        const held = tf.ones([layout.form.tokens]) as Tensor1D;
        const hinge = hingeOf(leads(completionHidden(model, batch), batch.labels), held, 0.1);
        return { told: hinge, loss: tf.sum(hinge) as tf.Scalar };
      };
      const task = { key: 'hinge', inputs: batchInputs(model, layout), build };
      const { told, sum } = await new Passes({}).gradients(task, model.trainable, null);
      const numbers = [...sum.gradients].map(([name, tensor]) => [name, tensor.dataSync() as Float32Array] as const);
      return { told: [...told], numbers: new Map(numbers) };
    };
    const whole = (hidden: Tensor2D, labels: Tensor1D) => {
      const logits = model.logits(hidden);
      const own = tf.oneHot(labels, model.config.vocabSize, 1, 0, 'float32');
      return tf.sub(tf.sum(tf.mul(logits, own), 1), tf.max(tf.sub(logits, tf.mul(own, 1e6)), 1)) as Tensor1D;
    };
    const ours = await gradientsOf((hidden, labels) => leadOf(model, hidden, labels));
    const theirs = await gradientsOf(whole);
    ours.told.forEach((hinge, i) => expect(hinge).toBeCloseTo(theirs.told[i]!, 5));
    expect(largestDifference(theirs.numbers, ours.numbers)).toBeLessThan(1e-5);
    expect([...theirs.numbers.values()].some((values) => values.some((x) => Math.abs(x) > 1e-3))).toBe(true);
  });
});
