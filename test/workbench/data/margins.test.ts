import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PreferenceRow } from '../../../src-main/shared/domain/datasets.ts';
import { measureMargins } from '../../../src-main/workbench/data/margins.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import {
  openTestWorkbench,
  smallModel,
  tinySpec,
  withSmallModel,
  addTrainingMaterial,
} from '../../helpers/workbench.ts';

const byMargin = { column: 'mislabelled', direction: 'descending' } as const;

/** A model of children's stories: it knows how one begins, and not these letters. */
const pair = (id: string, chosen: string, rejected: string): PreferenceRow => ({
  kind: 'preference',
  id,
  prompt: 'Once upon a time, there was a little',
  chosen,
  rejected,
});
const likely = ' girl named Lily.';
const unlikely = ' xq zvk wqj pfk.';
const rows = [pair('good', likely, unlikely), pair('swapped', unlikely, likely), pair('equal', likely, likely)];

async function prepared(): Promise<{ workbench: Workbench; id: string }> {
  const workbench = await openTestWorkbench();
  await workbench.models.add(smallModel ?? '', { name: 'small' }, quietTask());
  const { id } = await workbench.imports.addDataset('pairs', rows);
  return { workbench, id };
}

async function measure({ core }: Workbench, id: string) {
  const dataset = await core.store.getDataset(id);
  if (dataset === null) throw new Error('the dataset is gone');
  return measureMargins(core, dataset, { model: 'small', maxLength: 48 }, quietTask());
}

describe.skipIf(smallModel === null)(`margins under a reference model${withSmallModel}`, () => {
  test('tell pairs that are right already from those that are likely mislabelled, as a column, an order and a filter', async () => {
    const { workbench, id } = await prepared();
    const { store } = workbench.core;
    const found = await measure(workbench, id);
    expect(found).toMatchObject({ model: 'small', maxLength: 48, pairs: 3, right: 1, wrong: 1, likelyMislabelled: 1 });
    const view = await store.openDatasetView(id, {}, byMargin);
    const listed = await store.datasetWindow(view.viewId, 0, 9);
    expect(listed.map((row) => row.id)).toEqual(['swapped', 'equal', 'good']);
    const [swapped, equal, good] = listed.map(({ scores }) => scores.mislabelled ?? Number.NaN);
    expect([Math.abs((swapped ?? 0) + (good ?? 0)) < 1e-3, equal]).toEqual([true, 0]);
    expect(view.margins).toEqual(found);
    const wrong = await store.openDatasetView(id, { scores: { mislabelled: [Number.MIN_VALUE, null] } }, byMargin);
    expect(wrong.total).toBe(1);
    // The second time it is shown as it was measured.
    expect(await measure(workbench, id)).toEqual(found);
  });

  test('are those of the run that had this reference: nothing is computed twice', async () => {
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel ?? '');
    const run = await workbench.runs.launch({
      spec: tinySpec({
        dataset: { train: 'pairs' },
        guard: { kind: 'none' },
        batch: { size: 2, maxLength: 48 },
        // A device that multiplies bfloat16 would have the run's reference in it, and those are other numbers.
        precision: 'float32',
        steps: 1,
        evaluate: { suites: [] },
      }),
    });
    expect((await workbench.runs.ended(run.id)).status).toBe('finished');
    const cached = () => readdirSync(path.join(workbench.core.layout.cache, 'reference')).sort();
    const before = cached();
    expect(before.length).toBeGreaterThan(0);
    const found = await measure(workbench, run.datasetId);
    expect(found.pairs).toBeGreaterThan(0);
    expect(cached()).toEqual(before);
  });

  test('are refused without a model, and of rows that are no pairs', async () => {
    const { workbench, id } = await prepared();
    const dataset = await workbench.core.store.getDataset(id);
    if (dataset === null) throw new Error('the dataset is gone');
    await expect(measureMargins(workbench.core, dataset, {}, quietTask())).rejects.toMatchObject({
      code: 'bad-input',
      place: { field: 'model' },
    });
    const prompts = { ...dataset, kind: 'prompt' as const };
    await expect(measureMargins(workbench.core, prompts, { model: 'small' }, quietTask())).rejects.toThrow(
      /prompt rows/,
    );
  });
});
