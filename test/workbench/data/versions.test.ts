import { expect, test } from 'vitest';
import { plainText } from '../../../src-main/shared/domain/datasets.ts';
import type { DatasetRow } from '../../../src-main/shared/domain/datasets.ts';
import { answersOf } from '../../../src-main/shared/domain/data/row-texts.ts';
import type { DatasetRecord } from '../../../src-main/shared/domain/entities.ts';
import type { RowFilter, RowSort, VersionStep } from '../../../src-main/shared/domain/data/row-view.ts';
import { checkDataset } from '../../../src-main/workbench/data/check-dataset.ts';
import { makeVersion, replayVersion } from '../../../src-main/workbench/data/versions.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { plantedPairs } from '../../helpers/planted-data.ts';
import { openTestWorkbench } from '../../helpers/workbench.ts';

const task = quietTask();
const planted = { duplicates: 5, nearDuplicates: 4, contradictions: 3, identicalSides: 2 };

async function withPlanted(): Promise<{ workbench: Workbench; parent: DatasetRecord; make: Make }> {
  const workbench = await openTestWorkbench();
  const parent = await workbench.imports.addDataset('pairs', [...plantedPairs(80, planted)]);
  return { workbench, parent, make: (name, step) => makeVersion(workbench.core, parent, { name, step }, task) };
}
type Make = (name: string, step: VersionStep) => Promise<DatasetRecord>;

const rowsOf = ({ core }: Workbench, { id, rows }: DatasetRecord): Promise<DatasetRow[]> =>
  core.store.datasetRows(id, 0, rows);

test('rows with findings are left out, the original stays, and the rest has none of them', async () => {
  const { workbench, parent, make } = await withPlanted();
  const findings: RowFilter['findings'] = ['duplicate', 'near-duplicate', 'contradiction', 'identical-sides'];
  const clean = await make('clean', { do: 'leave-out', where: { findings } });
  const { check } = await checkDataset(workbench.core, clean, {}, task);
  expect(clean).toMatchObject({
    rows: 94 - 5 - 4 - 6 - 2,
    parentId: parent.id,
    recipe: { parent: { name: 'pairs', sha256: parent.sha256, rows: 94 }, check: { model: null, against: [] } },
  });
  expect(check).toMatchObject({ duplicates: 0, nearDuplicates: 0, contradictions: 0, identicalSides: 0 });
  expect(await workbench.core.store.getDataset(parent.id)).toEqual(parent);
});

test('rows are ordered by length, either way, and chosen by it', async () => {
  const { workbench, parent } = await withPlanted();
  await checkDataset(workbench.core, parent, {}, task);
  const lengths = (await rowsOf(workbench, parent)).map((row, at) => {
    const [prompt = 0, chosen = 0, rejected = 0] = [row.prompt, ...answersOf(row)].map(
      (text) => plainText(text).length,
    );
    return { at: at + 1, prompt, response: chosen, rejected, difference: chosen - rejected };
  });
  const listed = async (
    filter: RowFilter,
    column: keyof (typeof lengths)[number] & RowSort['column'],
    direction: RowSort['direction'],
  ) => {
    const { viewId, total } = await workbench.core.store.openDatasetView(parent.id, filter, { column, direction });
    return (await workbench.core.store.datasetWindow(viewId, 0, total)).map(({ number }) => number);
  };
  for (const column of ['prompt', 'response', 'rejected', 'difference'] as const) {
    const up = lengths.toSorted((a, b) => a[column] - b[column] || a.at - b.at).map(({ at }) => at);
    const down = lengths.toSorted((a, b) => b[column] - a[column] || a.at - b.at).map(({ at }) => at);
    expect([await listed({}, column, 'ascending'), await listed({}, column, 'descending')]).toEqual([up, down]);
  }
  const short = lengths
    .filter(({ rejected }) => rejected <= 120)
    .toSorted((a, b) => b.rejected - a.rejected || a.at - b.at);
  expect(short.length).toBeGreaterThan(5);
  expect(await listed({ rejected: [null, 120] }, 'rejected', 'descending')).toEqual(short.map(({ at }) => at));
});

test('a version is made again as it was, even of marks that have changed since', async () => {
  const { workbench, parent, make } = await withPlanted();
  await workbench.core.store.markDatasetRows(parent.id, [3, 5, 8], true);
  const steps: VersionStep[] = [
    { do: 'leave-out', where: { findings: ['duplicate'] } },
    { do: 'keep-only', where: { marked: true } },
    { do: 'sample', rows: 20, seed: 7 },
    { do: 'split', share: 0.8, seed: 1, part: 'rest' },
    { do: 'keep-only', where: { tags: ['code'] } },
  ];
  const made = await Promise.all(steps.map((step, i) => make(`version ${i}`, step)));
  await workbench.core.store.markDatasetRows(parent.id, [3, 9], false);
  const again: boolean[] = [];
  for (const [i, version] of made.entries()) {
    again.push((await replayVersion(workbench.core, version, { name: `again ${i}` }, task)).same);
  }
  expect(again).toEqual([true, true, true, true, true]);
  expect([made[1]!.rows, made[2]!.rows]).toEqual([3, 20]);
});

test('a split leaves no prompt on both sides, and loses no row', async () => {
  const { workbench, make } = await withPlanted();
  const [first, rest] = [
    await make('train', { do: 'split', share: 0.7, seed: 3, part: 'first' }),
    await make('test', { do: 'split', share: 0.7, seed: 3, part: 'rest' }),
  ];
  const [one, other] = [await rowsOf(workbench, first), await rowsOf(workbench, rest)];
  const prompts = new Set(one.map(({ prompt }) => prompt));
  expect({
    both: other.filter(({ prompt }) => prompts.has(prompt)).length,
    all: one.length + other.length,
    share: Math.abs(one.length - 0.7 * 94) <= 2,
  }).toEqual({ both: 0, all: 94, share: true });
});

test('words are found at their beginning, in any side, whatever their case and accents', async () => {
  const workbench = await openTestWorkbench();
  const rows: DatasetRow[] = [
    { kind: 'completion', id: '1', prompt: 'Über den Wolken', completion: 'Freiheit' },
    { kind: 'completion', id: '2', prompt: 'Unter Wasser', completion: 'naïve Fische, wolkenlos' },
    { kind: 'completion', id: '3', prompt: 'Bewölkt', completion: 'grau' },
  ];
  const { id } = await workbench.imports.addDataset('words', rows);
  const found = async (search: string) => {
    const { viewId, total } = await workbench.core.store.openDatasetView(
      id,
      { search },
      { column: 'row', direction: 'ascending' },
    );
    return (await workbench.core.store.datasetWindow(viewId, 0, total)).map((row) => row.id);
  };
  expect([
    await found('wolken'),
    await found('UBER freiheit'),
    await found('naive'),
    await found('olken'),
    await found('wolken wasser'),
    await found(' '),
  ]).toEqual([['1', '2'], ['1'], ['2'], [], ['2'], ['1', '2', '3']]);
});

test('nothing left and nothing changed are said, not made', async () => {
  const { make } = await withPlanted();
  await expect(make('none', { do: 'keep-only', where: { search: 'nowhereatall' } })).rejects.toMatchObject({
    code: 'bad-input',
  });
  await expect(make('all', { do: 'leave-out', where: { search: 'nowhereatall' } })).rejects.toMatchObject({
    code: 'bad-input',
  });
});
