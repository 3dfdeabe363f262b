import { copyFileSync, cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { gradientProducts } from '../../../src-main/engine/data/gradient-products.ts';
import { tokeniseCompletions, tokenisePreferences } from '../../../src-main/engine/data/tokenise.ts';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { findSuspects } from '../../../src-main/workbench/data/suspects.ts';
import { mixedRows } from '../../../src-main/workbench/runs/prepare.ts';
import { resolveSpec } from '../../../src-main/workbench/runs/resolve.ts';
import { withoutRows } from '../../../src-main/workbench/runs/left-out.ts';
import { runSpecSchema } from '../../../src-main/shared/domain/run-spec.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { openTestWorkbench, smallModel, temporaryFolder, withSmallModel } from '../../helpers/workbench.ts';

/** Twice through eight pairs, by TRL with the callback (test/golden/trainers/trl_runs.py): the evaluation data of four things is lost. */
const told = path.resolve(import.meta.dirname, '../../assets/trainers/dpo-told');
const things = ['cat', 'dog', 'bird', 'ball', 'tree', 'frog', 'girl', 'boy'];
const rowOf = (thing: string) => ({
  id: thing,
  prompt: `Once upon a time, there was a ${thing}`,
  chosen: ' who was sad.',
  rejected: ' who was happy.',
});

async function withRun(folder = told): Promise<Workbench> {
  const workbench = await openTestWorkbench();
  const file = path.join(temporaryFolder(), 'pairs.jsonl');
  // One row that training never saw.
  const rows = [...things.map(rowOf), { ...rowOf('kite'), prompt: 'Nobody asked about kites' }];
  writeFileSync(file, rows.map(({ id: _id, ...row }) => `${JSON.stringify(row)}\n`).join(''));
  await workbench.imports.dataset({ source: file, name: 'pairs' }, quietTask());
  await workbench.following.importRun(folder, { name: 'told', dataset: 'pairs' }, quietTask());
  return workbench;
}

async function suspectsOf({ core, comparisons }: Workbench, choice = {}) {
  const [run] = await core.store.listRuns();
  if (run === undefined) throw new Error('no run');
  return findSuspects({ core, comparisons }, run, choice, quietTask());
}

test('rows near what flipped come first, with how far they fell in training and whether the guard’s condition held', async () => {
  const found = await suspectsOf(await withRun());
  expect({
    by: found.by,
    flips: found.flips,
    notes: found.notes,
    scores: found.scores.map(({ name }) => name),
  }).toEqual({
    by: 'near-flips',
    flips: 4,
    notes: [],
    scores: ['displacement', 'fired', 'near-flips'],
  });
  // The lost samples ask the very prompts of four rows; a row shares all but one of its eight words with the others.
  const near = found.rows.map(({ number, scores }) => [number, scores['near-flips']]);
  expect(near.slice(0, 4)).toEqual([1, 2, 3, 4].map((number) => [number, 1]));
  expect(near.slice(4, 8)).toEqual([5, 6, 7, 8].map((number) => [number, 7 / 9]));
  expect(found.rows[0]?.flip?.prompt).toBe(rowOf('cat').prompt);
  expect(found.rows.at(-1)).toMatchObject({ number: 9, scores: { 'near-flips': 0 }, flip: null });
  // From the events: the log-prob of “sad” after “cat” rose from −32.41 to −30.49.
  expect(found.rows[0]?.scores.displacement).toBeCloseTo(-1.92, 1);
  expect(found.rows.map(({ scores }) => scores.fired)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, undefined]);
});

test('from one flip, only what is near that one; in another order, as asked; and an unknown sample is told', async () => {
  const workbench = await withRun();
  const evaluations = await workbench.core.store.listEvaluations();
  const found: string[] = [];
  await workbench.core.store.streamSamples(evaluations[0]?.id ?? '', (samples) => {
    found.push(...samples.filter(({ prompt }) => prompt.endsWith('ball')).map(({ sampleId }) => sampleId));
    return Promise.resolve();
  });
  const one = await suspectsOf(workbench, { sampleIds: found });
  expect({ flips: one.flips, first: one.rows[0]?.prompt }).toEqual({ flips: 1, first: rowOf('ball').prompt });
  const fallen = (await suspectsOf(workbench, { by: 'displacement', limit: 8 })).rows.map(
    ({ scores }) => scores.displacement ?? 0,
  );
  expect(fallen).toEqual(fallen.toSorted((a, b) => b - a));
  await expect(suspectsOf(workbench, { by: 'ches' })).rejects.toMatchObject({ remedy: 'Say --ches as well.' });
  await expect(suspectsOf(workbench, { sampleIds: ['nobody'] })).rejects.toMatchObject({ code: 'not-found' });
});

test(`by gradients at the newest checkpoint, each row is told with the flip that it lowers most${withSmallModel}`, async (ctx) => {
  if (smallModel === null) return ctx.skip('no small model here');
  const folder = path.join(temporaryFolder(), 'told');
  cpSync(told, folder, { recursive: true });
  // The trainer's own tokenizer, which is kept once for all folders.
  const newest = path.join(folder, 'checkpoint-8');
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(path.join(smallModel, name), path.join(newest, name));
  const found = await suspectsOf(await withRun(folder), { gradients: true });
  expect(found.scores.find(({ name }) => name === 'gradient')).toMatchObject({
    known: 9,
    about: { sentence: 'An estimate by gradients at told, step 8, against 4 negative flips of “told”.' },
  });
  await openTestBackend();
  const model = await loadModel(openFolder(newest));
  const tokenizer = await loadTokenizer(openFolder(newest));
  const lost = things.slice(0, 4).map(rowOf);
  const { samples } = tokenisePreferences(
    found.rows.map(({ number, rowId, prompt }) => ({
      ...rowOf(things[number - 1] ?? 'kite'),
      ...{ kind: 'preference' as const, id: rowId, prompt },
    })),
    tokenizer,
    64,
  );
  const flips = tokeniseCompletions(
    lost.map(({ id, prompt }) => ({ kind: 'completion' as const, id, prompt, completion: ' who was happy.' })),
    tokenizer,
    { maxLength: 64, completionOnly: true },
  );
  const direct = await gradientProducts(
    model,
    samples,
    flips.samples.map(({ sequence }) => sequence),
  );
  model.dispose();
  expect(found.rows.map(({ flip }) => flip?.prompt)).toEqual(direct.map(({ flip }) => lost[flip]?.prompt));
  const gaps = found.rows.map(({ scores }, i) => Math.abs(1 - (scores.gradient ?? Number.NaN) / direct[i]!.value));
  expect(Math.max(...gaps)).toBeLessThan(1e-4);
  const values = direct.map(({ value }) => value);
  expect(values).toEqual(values.toSorted((a, b) => b - a));
});

test('the dataset’s list is filtered and sorted by them, and they go with the dataset', async () => {
  const workbench = await withRun();
  const { store } = workbench.core;
  const { datasetId } = await suspectsOf(workbench);
  const view = await store.openDatasetView(
    datasetId,
    { scores: { 'near-flips': [0.5, 0.9] } },
    { column: 'near-flips', direction: 'ascending' },
  );
  expect({ total: view.total, scores: view.scores }).toEqual({
    total: 4,
    scores: ['displacement', 'fired', 'near-flips'],
  });
  const rows = await store.datasetWindow(view.viewId, 0, 10);
  expect(rows.map(({ number, scores }) => [number, scores['near-flips']])).toEqual(
    [5, 6, 7, 8].map((number) => [number, 7 / 9]),
  );
  const sort = { column: 'ches', direction: 'ascending' } as const;
  await expect(store.openDatasetView(datasetId, {}, sort)).rejects.toMatchObject({
    code: 'conflict',
    message: 'The rows have no score “CHES” yet.',
  });
});

test(`a spec leaves out rows by id or by the top of a score, and says what it cannot find${withSmallModel}`, async (ctx) => {
  if (smallModel === null) return ctx.skip('no small model here');
  const workbench = await withRun();
  const { core } = workbench;
  await workbench.models.add(smallModel, { name: 'tiny' }, quietTask());
  const { datasetId } = await suspectsOf(workbench);
  const ids = (await core.store.datasetRows(datasetId, 0, 20)).map(({ id }) => id);
  const specWith = (leaveOut: unknown) =>
    runSpecSchema.parse({
      name: 'r',
      model: 'tiny',
      dataset: { train: 'pairs', leaveOut },
      algorithm: { kind: 'dpo' },
      steps: 1,
    });
  const trained = async (leaveOut: unknown) => {
    const resolution = await resolveSpec(core, specWith(leaveOut));
    if (!resolution.ok) return resolution.issues;
    const { sources, leftOut } = resolution.resolved;
    const { path: file } = await mixedRows(core, withoutRows(sources, leftOut), 0, false);
    const { readJsonLines } = await import('../../../src-main/system/read-lines.ts');
    return (await readJsonLines<{ id: string }>(file)).map(({ id }) => ids.indexOf(id) + 1);
  };
  expect(await trained(undefined)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(await trained([ids[1], ids[8]])).toEqual([1, 3, 4, 5, 6, 7, 8]);
  // 0.33 of nine rows are three; of the four with the highest score, the first ones.
  expect(await trained({ score: 'near-flips', top: 0.33 })).toEqual([4, 5, 6, 7, 8, 9]);
  expect(await trained([ids[0], 'nobody'])).toEqual([
    { path: 'dataset.leaveOut.1', message: 'no row has the id “nobody”' },
  ]);
  expect(await trained({ score: 'ches', top: 0.1 })).toMatchObject([{ path: 'dataset.leaveOut' }]);
  expect(await trained(ids)).toMatchObject([
    { path: 'dataset.leaveOut', message: expect.stringContaining('all 9 rows') as string },
  ]);
});
