import { beforeAll, expect, test } from 'vitest';
import { chesOf } from '../../../src-main/engine/data/ches.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import { readTraining, samplesOf, type RecordedPair } from '../../helpers/recorded-training.ts';

beforeAll(async () => {
  await openTestBackend();
});

test('CHES equals that of transformers’ hidden states (test/golden/training/ches.py)', async () => {
  const { scores } = readTraining<{ scores: number[] }>('ches');
  const { pairs } = readTraining<{ pairs: RecordedPair[] }>('dpo');
  const model = await loadGoldenModel('llama');
  const told: [number, number][] = [];
  const samples = samplesOf(pairs.slice(0, scores.length));
  const found = await chesOf(model, samples, { onProgress: (done, total) => void told.push([done, total]) });
  model.dispose();
  const gaps = scores.map((score, i) => Math.abs((found[i] ?? Number.NaN) - score) / Math.max(1, Math.abs(score)));
  expect(Math.max(...gaps)).toBeLessThan(1e-5);
  expect(told).toEqual([[scores.length, scores.length]]);
});

test('two equal responses are as alike as can be, and a response without a token has no score', async () => {
  const model = await loadGoldenModel('llama');
  const same = { ids: Int32Array.of(1, 5, 9, 7), from: 2 };
  const empty = { ids: Int32Array.of(1, 5), from: 2 };
  const found = await chesOf(model, [
    { id: 'same', chosen: same, rejected: same },
    { id: 'empty', chosen: same, rejected: empty },
  ]);
  model.dispose();
  expect(found[0]).toBeCloseTo(0, 6);
  expect(found[1]).toBeNaN();
});
