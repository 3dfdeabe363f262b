import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { klAlong, probeKl } from '../../../src-main/engine/evaluate/kl-probe.ts';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { goldenPresent, stories260k } from '../../helpers/trl-golden.ts';

// Expected values by transformers in float64: test/golden/training/kl_probe.py.
const sequences = [
  { ids: Int32Array.of(1, 403, 407, 261, 378, 383, 286, 261, 376, 400, 428, 426), from: 5 },
  { ids: Int32Array.of(1, 291, 280, 294, 262, 294, 353, 265, 284, 294, 269, 262, 423, 290, 266, 426), from: 6 },
];
const expected = [0.07054232616144022, 1.4318859527032453];

describe.skipIf(!goldenPresent)('how far a model has moved', () => {
  test('is the sum of full-vocabulary KLs along the old model’s text, as transformers has it, and 0 to itself', async () => {
    await openTestBackend();
    const folder = openFolder(stories260k);
    const [old, model] = [await loadModel(folder, { trainable: false }), await loadModel(folder, { trainable: true })];
    for (const [name, weight] of model.parameters) if (name.includes('_proj')) weight.assign(tf.mul(weight, 1.1));
    const found = await klAlong({ model, old, ops: {} }, sequences);
    found.forEach((nats, i) => expect(nats).toBeCloseTo(expected[i] ?? Number.NaN, 4));
    const tokenizer = await loadTokenizer(folder);
    const prompts = [tokenizer.encode('Once upon a time'), tokenizer.encode('The cat')];
    const settings = { temperature: 1, maxNewTokens: 12, seed: 3 };
    const signal = { aborted: false };
    const itself = await probeKl({ model: old, old, tokenizer, ops: {} }, prompts, settings, signal);
    expect(Math.max(...itself)).toBeLessThan(1e-4);
    const moved = await probeKl({ model, old, tokenizer, ops: {} }, prompts, settings, signal);
    expect(Math.min(...moved)).toBeGreaterThan(0.01);
    old.dispose();
    model.dispose();
  });
});
