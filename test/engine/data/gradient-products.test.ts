import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { gradientProducts } from '../../../src-main/engine/data/gradient-products.ts';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { createDecoder } from '../../../src-main/engine/models/decoder.ts';
import { readModelConfig } from '../../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../../src-main/engine/models/parameters.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';

beforeAll(async () => {
  await openTestBackend();
});

/** Two numbers per token, blocks that add nothing, and a head of zeros that trains alone: every token is as likely as any other. */
function plainModel() {
  const config = readModelConfig({
    ...{ model_type: 'llama', hidden_size: 2, num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: 2 },
    ...{ vocab_size: 5, tie_word_embeddings: false, max_position_embeddings: 16, rms_norm_eps: 1e-12 },
  });
  const embedding = [3, 4, 1, 0, 1, 1, 1, 1, 1, 1];
  const parameters = new Map(
    [...expectedShapes(config)].map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const numbers = name.includes('embed') ? embedding : new Array<number>(size).fill(name.includes('norm') ? 1 : 0);
      return [name, tf.variable(tf.tensor(numbers, shape))];
    }),
  );
  return createDecoder(config, parameters, { trainable: (name) => name === 'lm_head.weight' });
}

const after = (prompt: number, token: number) => ({ ids: Int32Array.of(prompt, token), from: 1 });

test('the product of a pair with a flip is what one works out by hand', async () => {
  const model = plainModel();
  // ∇L = (1 of the rejected − 1 of the chosen) ⊗ h(0), ∇log p = (1 of the token − 1/5) ⊗ h(1); h(0)·h(1) = (3, 4)/√12.5 · (√2, 0) = 1.2.
  const found = await gradientProducts(
    model,
    [
      { id: 'teaches the lost token away', chosen: after(0, 2), rejected: after(0, 3) },
      { id: 'teaches it', chosen: after(0, 3), rejected: after(0, 2) },
      { id: 'is about others', chosen: after(0, 2), rejected: after(0, 4) },
      { id: 'says nothing', chosen: after(0, 2), rejected: { ids: Int32Array.of(0), from: 1 } },
    ],
    [after(1, 3)],
  );
  model.dispose();
  expect(found.map(({ value, flip }) => [Number(value.toFixed(5)) + 0, flip])).toEqual([
    [1.2, 0],
    [-1.2, 0],
    [0, 0],
    [Number.NaN, -1],
  ]);
});

test('a small step of descent on a pair lowers the flip by the step times the product', async () => {
  const model = await loadGoldenModel('llama');
  const pair = {
    id: 'a',
    chosen: { ids: Int32Array.of(1, 5, 9, 7), from: 2 },
    rejected: { ids: Int32Array.of(1, 5, 8), from: 2 },
  };
  const flips = [
    { ids: Int32Array.of(1, 5, 4, 7, 2), from: 2 },
    { ids: Int32Array.of(1, 6, 11), from: 2 },
  ];
  const [{ value, flip }] = (await gradientProducts(model, [pair], flips)) as [{ value: number; flip: number }];
  const before = await scoreSequences(model, [flips[flip]!], {});
  const step = 1e-3;
  const { grads } = tf.variableGrads(() => differenceOf(model, pair), [...model.trainable.values()]);
  for (const variable of model.trainable.values()) {
    const gradient = grads[variable.name];
    if (gradient !== undefined) variable.assign(tf.sub(variable, tf.mul(gradient, step)));
  }
  const now = await scoreSequences(model, [flips[flip]!], {});
  model.dispose();
  expect((before[0]! - now[0]!) / (step * value)).toBeCloseTo(1, 1);
});

/** log p(rejected) − log p(chosen), by the logits of each alone. */
function differenceOf(
  model: Awaited<ReturnType<typeof loadGoldenModel>>,
  { chosen, rejected }: { chosen: ReturnType<typeof after>; rejected: ReturnType<typeof after> },
): tf.Scalar {
  const logProb = ({ ids, from }: ReturnType<typeof after>) => {
    const hidden = model.hiddenStates(tf.tensor2d([[...ids]], [1, ids.length], 'int32'), [ids.length]);
    const all = tf.logSoftmax(model.logits(tf.reshape(hidden, [ids.length, -1])));
    const wanted = tf.oneHot(tf.tensor1d([...ids.slice(from)], 'int32'), model.config.vocabSize);
    return tf.sum(tf.mul(tf.slice(all, [from - 1, 0], [ids.length - from, -1]), tf.cast(wanted, 'float32')));
  };
  return tf.sub(logProb(rejected), logProb(chosen));
}

test('what is too large to be held is refused in a sentence', async () => {
  const model = plainModel();
  await expect(gradientProducts(model, [], [after(0, 1)], { limits: { parameters: 5, numbers: 100 } })).rejects.toThrow(
    'Gradients of 1 flips of a model with 10 parameters are too large',
  );
  model.dispose();
});
