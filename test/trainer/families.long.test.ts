import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeOps } from '../../src-main/backends/index.ts';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import { loadAdapter } from '../../src-main/engine/checkpoint/peft.ts';
import type { TrainJob } from '../../src-main/shared/domain/jobs.ts';
import { runSpecSchema, type RunSpec } from '../../src-main/shared/domain/run-spec.ts';
import type { TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import { afinn } from '../../src-main/trainer/afinn.ts';
import { JobControl } from '../../src-main/trainer/control.ts';
import type { JobContext } from '../../src-main/trainer/job-context.ts';
import { runMergeJob } from '../../src-main/trainer/jobs/merge.ts';
import { runTrainJob } from '../../src-main/trainer/jobs/train.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { openTokenizer, testPattern } from '../../src-main/trainer/patterns.ts';
import { createPostJson } from '../../src-main/trainer/post-json.ts';
import { createPrograms } from '../../src-main/trainer/programs.ts';
import { Reporter } from '../../src-main/trainer/reporter.ts';
import { openTestBackend } from '../helpers/backend.ts';
import { writeCharacterTokenizer } from '../helpers/character-tokenizer.ts';
import { goldenFamilies, largestDifference, logitsAt, modelAsset, readAlone } from '../helpers/golden-models.ts';

const root = mkdtempSync(path.join(tmpdir(), 'flipguard-families-'));
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  await openTestBackend();
});

const chat = (role: string, content: string) => [{ role, content }];
const rows = ['a cat', 'the dog'].map((thing, i) => ({
  ...{ kind: 'preference', id: `row-${i}`, prompt: chat('user', `see ${thing}?`) },
  ...{ chosen: chat('assistant', 'i do.'), rejected: chat('assistant', 'no, not i') },
}));

function specOf(steps: number): RunSpec {
  return runSpecSchema.parse({
    ...{ name: 'r', model: 'm', dataset: { train: 'd' }, algorithm: { kind: 'dpo' }, seed: 3, steps },
    tuning: { kind: 'lora', rank: 2, alpha: 4 },
    optimizer: { learningRate: 0.01, schedule: 'constant' },
    batch: { size: 2, maxLength: 64 },
    checkpoint: { every: 1, keep: 'all' },
  });
}

function contextOf(told: TrainerEventBody[]): JobContext {
  const control = new JobControl();
  return {
    control,
    emit: (event) => Promise.resolve(void told.push(event)),
    backend: { name: 'test', device: 'test', versions: {} },
    ops: nativeOps(),
    freeBytes: 1e9,
    nowMs: Date.now,
    breathe: () => nextTurn(),
    lexicon: afinn,
    postJson: createPostJson({ signal: control.signal }),
    testPattern,
    programs: createPrograms(control.signal, () => {}),
  };
}

async function train(job: TrainJob): Promise<number[]> {
  const told: TrainerEventBody[] = [];
  const reporter = new Reporter({
    send: () => Promise.resolve(),
    onCommand: () => {},
    onLost: () => {},
    close: () => {},
  });
  reporter.addCredit(Number.POSITIVE_INFINITY);
  const context = contextOf(told);
  // The folder's own events say which checkpoints there are to continue from.
  await runTrainJob(job, { ...context, emit: (event) => (told.push(event), reporter.emit(event)) }, reporter);
  await reporter.close();
  return told.flatMap((event) => (event.type === 'step' ? [event.metrics.loss ?? Number.NaN] : []));
}

/** Those of which another stands for the same parts. */
const variants = ['llama-biased', 'gpt-neox-sequential', 'qwen2'];
const families = goldenFamilies.filter((family) => !variants.includes(family));

/** Per family what a researcher does with it: chats through its template, an adapter, a resumed run, a folder for other tools. */
test.each(families)('%s: an adapter on chats, resumed to the same weights, merged and loaded again', async (family) => {
  const model = path.join(root, family);
  cpSync(modelAsset(family), model, { recursive: true });
  writeCharacterTokenizer(model);
  const trainRowsPath = path.join(root, 'rows.ndjson');
  writeFileSync(trainRowsPath, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const jobOf = (name: string, steps: number, resume = false): TrainJob => {
    const runFolder = path.join(root, `${family}-${name}`);
    mkdirSync(runFolder, { recursive: true });
    const places = { modelPath: model, trainRowsPath, runFolder, cacheFolder: path.join(root, `${family}-cache`) };
    return { kind: 'train', runId: 'r', spec: specOf(steps), ...places, suites: [], resume };
  };
  const [first, second, ...others] = await train(jobOf('whole', 2));
  expect([first, others]).toEqual([expect.closeTo(Math.log(2), 5), []]);
  expect(second).toBeLessThan(Math.log(2));
  await train(jobOf('resumed', 1));
  expect(await train(jobOf('resumed', 2, true))).toEqual([second]);
  const [whole, resumed] = ['whole', 'resumed'].map((name) => path.join(root, `${family}-${name}`, 'checkpoints', '2'));
  for (const name of ['adapter_model.safetensors', 'optimizer.safetensors'])
    expect(readFileSync(path.join(resumed!, name)).equals(readFileSync(path.join(whole!, name)))).toBe(true);

  const outPath = path.join(root, `${family}-merged`);
  await runMergeJob({ kind: 'merge', modelPath: model, adapterPath: whole!, outPath }, contextOf([]));
  expect(readdirSync(outPath)).toEqual(expect.arrayContaining(['model.safetensors', 'tokenizer.json']));
  const tokenizer = await openTokenizer(openFolder(outPath));
  const ids = tokenizer.encodeChat(chat('user', 'see?'), { addGenerationPrompt: true });
  expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe('<s><user>see?\n<assistant>');
  const recorded = readAlone(family);
  const plain = await loadModel(openFolder(model), { trainable: false });
  const before = logitsAt(plain, recorded);
  const adapted = await loadAdapter(plain, openFolder(whole!));
  const merged = await loadModel(openFolder(outPath), { trainable: false });
  const [found, expected] = [logitsAt(merged, recorded), logitsAt(adapted, recorded)];
  merged.dispose();
  adapted.dispose();
  expect(largestDifference(found, expected)).toBeLessThan(1e-4);
  expect(largestDifference(expected, before)).toBeGreaterThan(1e-3);
});
