import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RunSpecInput } from '../../src-main/shared/domain/run-spec.ts';
import { softwareGpu } from '../backends/software-gpu.ts';
import { writeToyFolder } from '../helpers/tiny-model.ts';
import { linesOf, ndjson, removeRuns, rows, run, runsFolder, trainJob, words } from '../helpers/trainer-runs.ts';

/**
 * Whole runs where TensorFlow's library is missing: what WebAssembly and WebGPU compute is held against plain JavaScript. A toy of
 * two layers and a few short steps says as much about that as a real model, and a software GPU gets through it in seconds.
 */

const gpu = softwareGpu();
if ('missing' in gpu) console.warn(`WebGPU skipped: ${gpu.missing}`);
let modelPath: string;
beforeAll(async () => {
  modelPath = await writeToyFolder(path.join(runsFolder, 'toy'));
});
afterAll(removeRuns);
afterEach(() => vi.unstubAllEnvs());

const guard = { kind: 'flipguard', target: 'chosen', weight: 1 } as const;
const common = { steps: 2, batch: { size: 2, maxLength: 24 }, optimizer: { learningRate: 1e-3 }, guard };
const algorithms: Record<string, Partial<RunSpecInput>> = {
  'guarded dpo of an adapter': { ...common, tuning: { kind: 'lora', dropout: 0.2 }, checkpoint: { every: 1 } },
  'guarded ppo, with sampling': {
    ...common,
    steps: 1,
    algorithm: { kind: 'ppo', reward: { kind: 'lexicon' }, maxNewTokens: 3, epochs: 1 },
    guard: { ...guard, target: 'pre-sample' },
  },
};

/**
 * Evaluated and trained: loss and gradient norm of every step, score of every evaluation. `resumed` stops at the first checkpoint and
 * continues in a second process, which changes no number. On a software GPU each process compiles its shaders, which is most of its time.
 */
async function numbersOf(backend: string, changes: Partial<RunSpecInput>, resumed = false): Promise<number[]> {
  vi.stubEnv('FLIPGUARD_BACKEND', backend);
  if (backend === 'webgpu' && 'env' in gpu)
    for (const name of ['VK_ICD_FILENAMES', 'LD_LIBRARY_PATH', 'FLIPGUARD_WEBGPU_SOFTWARE'])
      vi.stubEnv(name, gpu.env[name]);
  const suite = { id: 'w', name: 'words', kind: 'words', itemsPath: ndjson('few.ndjson', words.slice(0, 1)) } as const;
  const job = trainJob(changes, {
    modelPath,
    trainRowsPath: ndjson('first.ndjson', rows.slice(0, 4)),
    suites: [suite],
  });
  const first = await run({ ...job, cacheFolder: job.runFolder }, (event, session) => {
    if (resumed && event.type === 'checkpoint') session.stop();
  });
  const { end } = resumed ? await run({ ...job, cacheFolder: job.runFolder, resume: true }) : first;
  expect(end).toMatchObject({ kind: 'finished', outcome: 'completed', step: changes.steps });
  const events = linesOf(job);
  const started = events.find((event) => event.type === 'started');
  expect(started?.backend.name).toBe(backend);
  return events.flatMap((event) => {
    if (event.type === 'step') return [event.metrics['loss'] ?? NaN, event.metrics['grad_norm'] ?? NaN];
    return event.type === 'evaluation-batch' ? event.results.map(({ score }) => score ?? NaN) : [];
  });
}

const plain = new Map<string, Promise<number[]>>();
function plainNumbers(name: string): Promise<number[]> {
  const known = plain.get(name) ?? numbersOf('cpu', algorithms[name] ?? {});
  plain.set(name, known);
  return known;
}

describe.each(['wasm', 'webgpu'])('a whole run on %s', (backend) => {
  test.for(Object.keys(algorithms))('%s gives the numbers of plain JavaScript', async (name, ctx) => {
    if (backend === 'webgpu' && 'missing' in gpu) ctx.skip(gpu.missing);
    const changes = algorithms[name] ?? {};
    const expected = await plainNumbers(name);
    const actual = await numbersOf(backend, changes, backend === 'wasm');
    expect(expected.length).toBeGreaterThan(3);
    expect(actual).toHaveLength(expected.length);
    for (const [i, value] of expected.entries())
      expect(Math.abs((actual[i] ?? NaN) - value), `number ${i}: ${value}`).toBeLessThan(1e-3);
  });
});
