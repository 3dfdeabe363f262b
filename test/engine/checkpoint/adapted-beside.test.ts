import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { adaptedBeside } from '../../../src-main/engine/checkpoint/adapted-beside.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { largestDifference, loadGoldenModel, logitsAt, modelAsset, readRecorded } from '../../helpers/golden-models.ts';

beforeAll(async () => {
  await openTestBackend();
});

/** Of every form that PEFT writes, with how many of the base's weights each has a copy of. */
const adapters = [
  ['llama-adapter', 0],
  ['gpt2-adapter', 0],
  ['llama-foreign-dora', 6],
  ['gpt2-foreign-biases', 19],
  ['gemma3-foreign-embedding', 25],
  ['qwen2-foreign-head', 2],
] as const;

it.each(adapters)(
  '%s on its base gives PEFT’s logits next to the base’s own, and shares all but %i weights',
  async (name, own) => {
    const family = name.replace(/-(foreign-.*|adapter)$/, '');
    const base = await loadGoldenModel(family);
    const [plain, recorded] = [readRecorded(family, 'golden.json'), readRecorded(name, 'golden.json')];
    const before = logitsAt(base, plain);
    const tensors = tf.memory().numTensors;
    const adapted = await adaptedBeside(base, openFolder(modelAsset(name)));
    const shared = [...base.parameters].filter(([weight, variable]) => adapted.parameters.get(weight) === variable);
    expect(base.parameters.size - shared.length).toBe(own);
    expect(largestDifference(logitsAt(adapted, recorded), recorded.logits)).toBeLessThan(1e-4);
    expect(logitsAt(base, plain)).toEqual(before);
    adapted.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    expect(logitsAt(base, plain)).toEqual(before);
    base.dispose();
  },
);
