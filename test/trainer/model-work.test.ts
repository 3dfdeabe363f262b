import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { TrainerJob } from '../../src-main/shared/domain/jobs.ts';
import { modelWorkOf, setThreadsFor } from '../../src-main/trainer/model-work.ts';

const folders = { small: '', large: '', none: '' };
const decoding = { temperature: 0, maxNewTokens: 8, seed: 0 };

beforeAll(async () => {
  for (const [name, bytes] of [
    ['small', 1e6],
    ['large', 61e6],
  ] as const) {
    folders[name] = await mkdtemp(path.join(os.tmpdir(), 'model-work-'));
    const file = path.join(folders[name], 'model.safetensors');
    await writeFile(file, '');
    await truncate(file, bytes);
  }
  folders.none = path.join(folders.small, 'not-made-yet');
});

afterAll(() => Promise.all([folders.small, folders.large].map((folder) => rm(folder, { recursive: true }))));

const sample = (modelPath: string): TrainerJob => ({
  ...{ kind: 'sample', modelPath, prompts: [], samplesPerPrompt: 1, decoding },
});
const suite = (kind: 'generate' | 'pairs') => ({ kind }) as Extract<TrainerJob, { kind: 'evaluate' }>['suites'][number];
const evaluate = (modelPath: string, kinds: ('generate' | 'pairs')[], old?: string): TrainerJob => ({
  ...{ kind: 'evaluate', modelPath, suites: kinds.map(suite) },
  ...(old === undefined ? {} : { old: { path: old, suiteIds: [] } }),
});
const serve = (...paths: string[]): TrainerJob => ({
  kind: 'serve',
  models: paths.map((folder, i) => ({ name: String(i), path: folder })),
});

async function threadsFor(job: TrainerJob, before?: string): Promise<string | undefined> {
  vi.stubEnv('TF_NUM_INTRAOP_THREADS', before);
  try {
    await setThreadsFor(job);
    return process.env['TF_NUM_INTRAOP_THREADS'];
  } finally {
    vi.unstubAllEnvs();
  }
}

test('what only decodes with small models computes on one thread, and nothing else does', async () => {
  const { small, large, none } = folders;
  expect(await threadsFor(sample(small))).toBe('1');
  expect(await threadsFor(evaluate(small, ['generate']))).toBe('1');
  expect(await threadsFor(serve(small, small))).toBe('1');
  expect(await threadsFor(sample(large))).toBeUndefined();
  expect(await threadsFor(serve(small, large))).toBeUndefined();
  expect(await threadsFor(evaluate(small, ['generate', 'pairs']))).toBeUndefined();
  expect(await threadsFor(evaluate(small, ['generate'], large))).toBeUndefined();
  expect(await threadsFor(sample(none))).toBeUndefined();
  // Whoever set a number keeps it.
  expect(await threadsFor(sample(small), '3')).toBe('3');
});

const reward = { kind: 'lexicon', lexicon: 'afinn' };
const train = (algorithm: object, modelPath: string, rewardModelPath?: string) =>
  ({
    ...{ kind: 'train', spec: { algorithm }, modelPath },
    ...(rewardModelPath === undefined ? {} : { rewardModelPath }),
  }) as TrainerJob;

test('small models that train on their own samples do so on one thread, and no other training does', async () => {
  const { small, large } = folders;
  for (const kind of ['ppo', 'rloo', 'grpo', 'online-dpo']) {
    expect(await threadsFor(train({ kind, reward }, small)), kind).toBe('1');
    expect(await threadsFor(train({ kind, reward }, large)), kind).toBeUndefined();
    expect(await threadsFor(train({ kind, reward }, small, large)), kind).toBeUndefined();
  }
  for (const kind of ['dpo', 'sft', 'kto', 'reward']) {
    expect(await threadsFor(train({ kind }, small)), kind).toBeUndefined();
  }
  expect(modelWorkOf({ kind: 'estimate' } as TrainerJob).work).toBe('train');
});
