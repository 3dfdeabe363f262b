import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import type { WatchOptions } from '../../../src-main/workbench/following/watch.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder, wordItems } from '../../helpers/workbench.ts';

/** What TRL wrote (test/golden/trainers/trl_runs.py). */
const assets = path.resolve(import.meta.dirname, '../../assets/trainers');
const tokenizer = path.resolve(import.meta.dirname, '../../../resources/quick-model');

/** The kept folders without their tokenizers, completed as the trainer writes them. */
function trainerFolder(name: 'dpo' | 'dpo-lora' | 'grpo' | 'base'): string {
  const folder = path.join(temporaryFolder(), name);
  cpSync(path.join(assets, name), folder, { recursive: true });
  for (const place of ['.', ...readdirSync(folder).filter((one) => one.startsWith('checkpoint-'))]) {
    for (const file of ['tokenizer.json', 'tokenizer_config.json'])
      cpSync(path.join(tokenizer, file), path.join(folder, place, file));
  }
  return folder;
}

async function curve(workbench: Workbench, runId: string, name: string) {
  const [series] = await workbench.core.store.runMetrics(runId, { names: [name], points: 100 });
  return series === undefined ? null : { steps: series.steps, values: series.values };
}

function logged(folder: string, name: string): { steps: number[]; values: number[] } {
  const { log_history: history } = JSON.parse(
    readFileSync(path.join(folder, 'checkpoint-4/trainer_state.json'), 'utf8'),
  ) as { log_history: Record<string, number>[] };
  const found = history.filter((entry) => name in entry);
  return { steps: found.map(({ step = 0 }) => step), values: found.map((entry) => entry[name] ?? 0) };
}

const quietWatch: Pick<WatchOptions, 'paceMs' | 'say' | 'onEvaluated'> = {
  paceMs: 20,
  say: () => {},
  onEvaluated: () => {},
};

test('a folder that TRL wrote is a run with its settings, its curves under their own names, and its checkpoints where they are', async () => {
  const workbench = await openTestWorkbench();
  const folder = trainerFolder('dpo');
  const { run } = await workbench.following.importRun(folder, { name: 'trl' }, quietTask());

  expect({
    status: run.status,
    step: run.step,
    of: run.totalSteps,
    origin: run.origin,
    algorithm: run.spec.algorithm,
  }).toEqual({
    status: 'finished',
    step: 4,
    of: 4,
    origin: { tool: 'trl', version: '5.18.0', folder, method: 'DPO', base: null },
    algorithm: { kind: 'dpo', loss: 'sigmoid', beta: 0.2, labelSmoothing: 0, dpop: 0, nllWeight: 0 },
  });
  expect({ rate: run.spec.optimizer.learningRate, seed: run.spec.seed, batch: run.spec.batch.size }).toEqual({
    rate: 0.01,
    seed: 3,
    batch: 2,
  });
  for (const name of ['loss', 'rewards/margins', 'entropy', 'eval_rewards/chosen'])
    expect(await curve(workbench, run.id, name)).toEqual(logged(folder, name));
  const checkpoints = await workbench.core.store.listCheckpoints(run.id);
  expect(checkpoints.map(({ step, path: place, kind }) => ({ step, place, kind }))).toEqual([
    { step: 2, place: path.join(folder, 'checkpoint-2'), kind: 'full' },
    { step: 4, place: path.join(folder, 'checkpoint-4'), kind: 'full' },
  ]);
});

test('done again, an import takes what is new and nothing twice', async () => {
  const workbench = await openTestWorkbench();
  const folder = trainerFolder('dpo');
  const later = path.join(temporaryFolder(), 'later');
  renameSync(path.join(folder, 'checkpoint-4'), later);
  const rootState = path.join(folder, 'trainer_state.json');
  const state = readFileSync(rootState);
  rmSync(rootState);
  const first = await workbench.following.importRun(folder, {}, quietTask());
  expect({ status: first.run.status, step: first.run.step }).toEqual({ status: 'interrupted', step: 2 });
  expect(first.run.error?.message).toBe(
    'The folder is at step 2 of 4; whether its training continues is not known here.',
  );

  renameSync(later, path.join(folder, 'checkpoint-4'));
  writeFileSync(rootState, state);
  const second = await workbench.following.importRun(folder, {}, quietTask());
  expect({ id: second.run.id, status: second.run.status, step: second.run.step }).toEqual({
    id: first.run.id,
    status: 'finished',
    step: 4,
  });
  expect((await curve(workbench, first.run.id, 'loss'))?.steps).toEqual([1, 2, 3, 4]);
  const third = await workbench.following.importRun(folder, {}, quietTask());
  expect(third.run.lastSeq).toBe(second.run.lastSeq);
});

test('a trainer that went back to an earlier checkpoint takes its curve along', async () => {
  const workbench = await openTestWorkbench();
  const folder = trainerFolder('dpo');
  const { run } = await workbench.following.importRun(folder, {}, quietTask());
  const files = ['trainer_state.json', 'checkpoint-4/trainer_state.json'].map((file) => path.join(folder, file));
  for (const file of files) {
    const state = JSON.parse(readFileSync(file, 'utf8')) as { log_history: Record<string, number>[] };
    for (const entry of state.log_history) if ((entry['step'] ?? 0) > 2 && 'loss' in entry) entry['loss'] = 9;
    writeFileSync(file, JSON.stringify(state));
  }
  const before = await curve(workbench, run.id, 'loss');
  await workbench.following.importRun(folder, {}, quietTask());
  expect(await curve(workbench, run.id, 'loss')).toEqual({
    steps: [1, 2, 3, 4],
    values: [...(before?.values.slice(0, 2) ?? []), 9, 9],
  });
});

test('completions of GRPO are samples of their steps, found again by their prompts', async () => {
  const workbench = await openTestWorkbench();
  const folder = trainerFolder('grpo');
  const { run } = await workbench.following.importRun(folder, {}, quietTask());
  expect({ method: run.origin?.method, status: run.status }).toEqual({ method: 'GRPO', status: 'finished' });
  expect(run.spec.algorithm).toMatchObject({ kind: 'grpo', samplesPerPrompt: 2, maxNewTokens: 6, klWeight: 0 });
  const events = await workbench.core.store.runEvents(run.id, 0, 1000);
  const prompts = await workbench.core.store.answeredPrompts(run.id, null, 100);
  const timelines = await Promise.all(
    prompts.map(({ sampleId }) => workbench.core.store.promptAnswers(run.id, sampleId)),
  );
  const texts = timelines.flatMap((one) =>
    (one?.steps ?? []).map((step) => ({ ...step, promptId: one?.sampleId ?? '' })),
  );
  expect([...new Set(texts.map(({ step }) => step))].sort()).toEqual([1, 2]);
  for (const { outputs, promptId, step } of texts) {
    const rewards = outputs.map(({ text, rewards: given }) => [given?.['length_reward'], text.length / 10]);
    for (const [given, wanted] of rewards) expect(given).toBeCloseTo(wanted ?? 0, 5);
    const table = events.flatMap((event) =>
      event.type === 'step' && event.step === step && event.tables.trained !== undefined ? [event.tables.trained] : [],
    )[0];
    const mean = rewards.reduce((sum, [given = 0]) => sum + given, 0) / rewards.length;
    expect(table?.others?.['length_reward']?.[table.sampleIds.indexOf(promptId)]).toBeCloseTo(mean, 5);
  }
  await workbench.imports.addSuite('asked', { kind: 'generate' }, [
    { kind: 'generate', id: 'one', prompt: prompts[0]?.prompt ?? '', target: 'x' },
  ]);
});

test('an adapter is evaluated on the model that it began with', async () => {
  const workbench = await openTestWorkbench();
  const base = trainerFolder('base');
  const { run, said } = await workbench.following.importRun(trainerFolder('dpo-lora'), { base }, quietTask());
  expect(said).toEqual([]);
  await workbench.imports.addSuite('words', { kind: 'words' }, wordItems.slice(0, 2));
  const tuned = await workbench.evaluations.evaluate(`${run.name}@4`, 'words', {}, quietTask());
  expect({ runId: tuned.runId, step: tuned.step, samples: tuned.right + tuned.wrong > 0 }).toEqual({
    runId: run.id,
    step: 4,
    samples: true,
  });
});

test('a training is watched while it is written: each checkpoint is evaluated as it comes, and a half-written one is waited for', async () => {
  const workbench = await openTestWorkbench();
  const whole = trainerFolder('dpo');
  const base = trainerFolder('base');
  await workbench.imports.addSuite('words', { kind: 'words' }, wordItems.slice(0, 3));
  const growing = path.join(temporaryFolder(), 'growing');
  mkdirSync(growing);
  const evaluated: (number | null)[] = [];
  const write = (step: number) =>
    cpSync(path.join(whole, `checkpoint-${step}`), path.join(growing, `checkpoint-${step}`), { recursive: true });
  // Weights cut off in the middle, as they stand there while they are written.
  mkdirSync(path.join(growing, 'checkpoint-2'));
  cpSync(path.join(whole, 'checkpoint-2/config.json'), path.join(growing, 'checkpoint-2/config.json'));
  const weights = readFileSync(path.join(whole, 'checkpoint-2/model.safetensors'));
  writeFileSync(path.join(growing, 'checkpoint-2/model.safetensors'), weights.subarray(0, weights.length / 2));
  const waiting = Promise.withResolvers<void>();
  const watched = workbench.following.watch(
    growing,
    {
      ...quietWatch,
      base,
      suites: ['words'],
      onEvaluated({ step }) {
        evaluated.push(step);
        // The trainer deletes the older one when it writes the next.
        if (step === 2) {
          rmSync(path.join(growing, 'checkpoint-2'), { recursive: true });
          write(4);
        }
      },
    },
    { ...quietTask(), progress: (phase) => phase.startsWith('waiting for the first') && waiting.resolve() },
  );
  await waiting.promise;
  write(2);
  const { run, meter } = await watched;

  expect({ status: run.status, step: run.step, evaluated }).toEqual({
    status: 'finished',
    step: 4,
    evaluated: [0, 2, 4],
  });
  expect(meter.map(({ suiteName, step, n }) => ({ suiteName, step, n: n > 0 }))).toEqual([
    { suiteName: 'words', step: 2, n: true },
    { suiteName: 'words', step: 4, n: true },
  ]);
  const states = (await workbench.core.store.listCheckpoints(run.id)).map(({ step, state }) => [step, state]);
  expect(states).toEqual([
    [2, 'missing'],
    [4, 'present'],
  ]);
  await expect(workbench.evaluations.evaluate(`${run.name}@2`, 'words', {}, quietTask())).rejects.toMatchObject({
    message: expect.stringContaining('is not there any more') as string,
  });
});

test('what cannot be taken is a sentence, and what is no trainer’s folder an error that says what to give', async () => {
  const workbench = await openTestWorkbench();
  const folder = path.join(temporaryFolder(), 'mixed');
  mkdirSync(path.join(folder, 'checkpoint-8'), { recursive: true });
  writeFileSync(path.join(folder, 'checkpoint-8/pytorch_model.bin'), 'x');
  cpSync(path.join(assets, 'dpo/checkpoint-2'), path.join(folder, 'best'), { recursive: true });
  cpSync(path.join(assets, 'dpo/checkpoint-2'), path.join(folder, 'epoch_1'), { recursive: true });
  const { run, said } = await workbench.following.importRun(folder, {}, quietTask());
  expect({ said: said.slice(1), step: run.step }).toEqual({
    said: [
      expect.stringMatching(/^epoch_1 holds no tokenizer\.json: .*evaluated/),
      'best holds weights, and its name says no step: it was left out.',
      'checkpoint-8 holds PyTorch’s own weights (.bin), which are not read. Save with safetensors, as transformers does by default.',
    ],
    step: 2,
  });
  await expect(workbench.following.importRun(temporaryFolder(), {}, quietTask())).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining('holds no training run') as string,
  });
  const one = path.join(assets, 'dpo/checkpoint-2');
  await expect(workbench.following.importRun(one, {}, quietTask())).rejects.toMatchObject({
    remedy: `Give the folder above it: ${path.dirname(one)}.`,
  });
});
