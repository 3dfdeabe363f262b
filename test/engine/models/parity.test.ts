import { readFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs-core';
import {
  furtherFamilies,
  loadGoldenModel,
  goldenFamilies,
  largestDifference,
  logitsAt,
  modelAsset,
  readAlone,
  readRecorded,
  type RecordedLogits,
} from '../../helpers/golden-models.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { createDecoder } from '../../../src-main/engine/models/decoder.ts';
import { readModelConfig } from '../../../src-main/engine/models/families.ts';

/** Random-weight folders that transformers wrote, with its logits (test/golden/models/families.py). */
const tolerance = 1e-4;

beforeAll(async () => {
  await openTestBackend();
});

describe('logits equal transformers’', () => {
  let before = 0;
  afterEach(() => expect(tf.memory().numTensors).toBe(before));

  it.each(goldenFamilies)('%s', async (family) => {
    before = tf.memory().numTensors;
    const model = await loadGoldenModel(family);
    const recorded = [readRecorded(family, 'golden.json'), readAlone(family)];
    const differences = recorded.map((one) => largestDifference(logitsAt(model, one), one.logits));
    model.dispose();
    expect(Math.max(...differences)).toBeLessThan(tolerance);
    expect(recorded[1]?.lengths).toHaveLength(3);
  });

  it.each(furtherFamilies)('%s', async (family) => {
    before = tf.memory().numTensors;
    const model = await loadGoldenModel(family);
    const recorded = readAlone(family);
    const difference = largestDifference(logitsAt(model, recorded), recorded.logits);
    model.dispose();
    expect(difference).toBeLessThan(tolerance);
  });

  const ropes = JSON.parse(readFileSync(modelAsset('llama', 'ropes.json'), 'utf8')) as Record<
    string,
    { config: Record<string, unknown>; short: RecordedLogits; long: RecordedLogits }
  >;
  it.each(Object.keys(ropes))('llama with rotary scaling %s, within and beyond its first context', async (name) => {
    before = tf.memory().numTensors;
    const { config, short, long } = ropes[name]!;
    const plain = await loadGoldenModel('llama');
    const model = createDecoder(readModelConfig(config), plain.parameters);
    const differences = [short, long, short].map((recorded) =>
      largestDifference(logitsAt(model, recorded), recorded.logits),
    );
    // The two share their weights: disposing one and the other's tables is enough.
    model.dispose();
    plain.dispose();
    expect(Math.max(...differences)).toBeLessThan(tolerance);
  });

  const variants = JSON.parse(readFileSync(modelAsset('variants.json'), 'utf8')) as Record<string, Variant>;
  it.each(Object.keys(variants))('%s', async (name) => {
    before = tf.memory().numTensors;
    const { folder, changes, ids, logits } = variants[name]!;
    const plain = await loadGoldenModel(folder);
    const entries = Object.entries({ ...plain.config.source, ...changes }).filter(([, value]) => value !== null);
    const model = createDecoder(readModelConfig(Object.fromEntries(entries)), plain.parameters);
    const recorded = { ids: [ids], lengths: [ids.length], positions: [[ids.length - 1]], logits: [[logits]] };
    const difference = largestDifference(logitsAt(model, recorded), recorded.logits);
    model.dispose();
    plain.dispose();
    expect(difference).toBeLessThan(tolerance);
  });
});

/** A further configuration of a folder's weights (test/golden/models/variants.py). */
interface Variant {
  folder: string;
  changes: Record<string, unknown>;
  ids: number[];
  logits: number[];
}
