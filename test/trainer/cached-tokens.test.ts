import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { keptAnswers } from '../../src-main/trainer/cached-tokens.ts';
import { openNumberCache } from '../../src-main/trainer/number-cache.ts';

const sampled = { temperature: 1, maxNewTokens: 4, seed: 7 };
const prompts = [[1, 2], [3]];
const drawn = [Int32Array.of(5, 6), new Int32Array(0)];

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), 'flipguard-answers-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

test('answers are sampled once by all jobs that share a cache, and again for other weights, settings or prompts', async () => {
  const cache = openNumberCache(await folder());
  const draw = vi.fn(() => Promise.resolve(drawn));
  const of = (hash: string) => keptAnswers(cache, () => Promise.resolve(hash));
  const first = of('weights');
  expect(await first(prompts, sampled, draw)).toEqual(drawn);
  expect(await first(prompts, sampled, draw)).toEqual(drawn);
  expect(await of('weights')(prompts, sampled, draw)).toEqual(drawn);
  expect(draw).toHaveBeenCalledTimes(1);
  await of('other weights')(prompts, sampled, draw);
  await first(prompts, { ...sampled, seed: 8 }, draw);
  // The same tokens, in other prompts.
  await first([[1], [2, 3]], sampled, draw);
  expect(draw).toHaveBeenCalledTimes(4);
});

test('a sampling that was cancelled is made when it is asked for again', async () => {
  const answersTo = keptAnswers(openNumberCache(await folder()), () => Promise.resolve('weights'));
  await expect(answersTo(prompts, sampled, () => Promise.reject(new Error('cancelled')))).rejects.toThrow('cancelled');
  expect(await answersTo(prompts, sampled, () => Promise.resolve(drawn))).toEqual(drawn);
});
