import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { defaultRule } from '../../../src-main/shared/domain/flips.ts';
import { ratesOf } from '../../../src-main/shared/presentation/rates.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** What DPOTrainer with python/flipguard_callback.py wrote (test/golden/trainers/trl_runs.py). */
const root = path.resolve(import.meta.dirname, '../../..');
const told = path.join(root, 'test/assets/trainers/dpo-told');
const python = process.env['FLIPGUARD_TRL_PYTHON'] ?? '';
const withoutTrl = existsSync(python) ? '' : ' (skipped: FLIPGUARD_TRL_PYTHON names no Python with TRL)';

const things = ['cat', 'dog', 'bird', 'ball', 'tree', 'frog', 'girl', 'boy'];
const pairs = things.map((thing) => ({
  prompt: `Once upon a time, there was a ${thing}`,
  chosen: ' who was sad.',
  rejected: ' who was happy.',
}));

async function importPairs(workbench: Workbench): Promise<void> {
  const file = path.join(temporaryFolder(), 'pairs.jsonl');
  writeFileSync(file, pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
  await workbench.imports.dataset({ source: file, name: 'pairs' }, quietTask());
}

async function tablesOf(workbench: Workbench, runId: string) {
  const events = await workbench.core.store.runEvents(runId, 0, 1000);
  return events.flatMap((event) =>
    event.type === 'step' && event.tables.trained !== undefined ? [{ step: event.step, ...event.tables }] : [],
  );
}

test('a run of TRL that was told by the callback has its pairs, under the names of the data, and what its evaluation data lost', async () => {
  const workbench = await openTestWorkbench();
  await importPairs(workbench);
  const { run } = await workbench.following.importRun(told, { name: 'told', dataset: 'pairs' }, quietTask());

  expect({ status: run.status, step: run.step, backend: run.backend?.name }).toEqual({
    status: 'finished',
    step: 8,
    backend: 'PyTorch',
  });
  const [dataset] = await workbench.core.store.listDatasets();
  const rows = new Set((await workbench.core.store.datasetRows(dataset?.id ?? '', 0, 20)).map(({ id }) => id));
  const tables = await tablesOf(workbench, run.id);
  expect(tables.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(new Set(tables.flatMap(({ trained }) => trained?.sampleIds ?? []))).toEqual(rows);
  expect(Object.keys(tables[0]?.guarded?.metrics ?? {})).toEqual(['guard/fired', 'guard/tokens']);

  const [loss] = await workbench.core.store.runMetrics(run.id, { names: ['loss'], points: 100 });
  const state = JSON.parse(readFileSync(path.join(told, 'checkpoint-8/trainer_state.json'), 'utf8')) as {
    log_history: Record<string, number>[];
  };
  const logged = state.log_history.filter((entry) => 'loss' in entry);
  expect(loss?.steps).toEqual(logged.map(({ step }) => step));
  loss?.values.forEach((value, i) => expect(value).toBeCloseTo(logged[i]?.['loss'] ?? Number.NaN, 6));

  const evaluations = await workbench.core.store.listEvaluations({ runId: run.id });
  const [before = '', after = ''] = [0, 8].map((step) => evaluations.find((one) => one.step === step)?.id);
  const { counts } = await workbench.comparisons.ready(before, after, defaultRule, quietTask());
  const { negative, positive } = ratesOf(counts);
  expect({ negative, positive }).toEqual({ negative: 4, positive: 4 });
});

test(`in a live Python, pairs have the ids of their rows, and a resumed training continues in its record${withoutTrl}`, async (ctx) => {
  if (withoutTrl !== '') return ctx.skip('FLIPGUARD_TRL_PYTHON names no Python with TRL');
  const workbench = await openTestWorkbench();
  const [out, base] = [path.join(temporaryFolder(), 'out'), path.join(temporaryFolder(), 'base')];
  cpSync(path.join(root, 'test/assets/trainers/base'), base, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(path.join(root, 'resources/quick-model', file), path.join(base, file));
  const file = path.join(temporaryFolder(), 'pairs.jsonl');
  // Ids of their own, chats, and texts that are canonical only once they are put into one form.
  const rows = [
    { id: 'own-1', prompt: 'One', chosen: ' two', rejected: ' three' },
    ...pairs.slice(0, 2),
    { prompt: 'Cafe\u0301 \u2028 "x"\\', chosen: ' \u0007tab\tö', rejected: ' 🐦\r\n' },
  ];
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const train = (steps: number) =>
    promisify(execFile)(python, [
      path.join(import.meta.dirname, 'told-training.py'),
      root,
      base,
      out,
      file,
      String(steps),
    ]);
  await train(2);
  await train(4);

  const dataset = await workbench.imports.dataset({ source: file, name: 'pairs' }, quietTask());
  const { run } = await workbench.following.importRun(out, { base, dataset: 'pairs' }, quietTask());
  expect({ status: run.status, step: run.step }).toEqual({ status: 'finished', step: 4 });
  const tables = await tablesOf(workbench, run.id);
  expect(tables.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  const known = await workbench.core.store.datasetRows(dataset.id, 0, 20);
  expect(new Set(tables.flatMap(({ trained }) => trained?.sampleIds ?? []))).toEqual(
    new Set(known.map(({ id }) => id)),
  );
  const weights = await workbench.core.store.runMetrics(run.id, { names: ['guard/weight'], points: 10 });
  // Ungated and learned: λ rises by 0.1 · (1 − 0) each step, and the resumed start takes it up.
  weights[0]?.values.forEach((value, i) => expect(value).toBeCloseTo(0.5 + i / 10, 6));
  expect(weights[0]?.steps).toEqual([1, 2, 3, 4]);
});
