import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DatasetRow } from '../../src-main/shared/domain/datasets.ts';
import type { NewRecord } from '../../src-main/store/api.ts';
import type { ImportRecord } from '../../src-main/shared/domain/entities.ts';
import { addEvaluation, comparisonOf, sample, temporaryFolder, testStore } from './workspace.ts';

const provenance: NewRecord<ImportRecord> = {
  target: 'dataset',
  name: 'rows',
  source: 'rows.jsonl',
  sha256: 'ab',
  tool: 'jsonl',
  toolVersion: null,
  accepted: 0,
  rejected: 0,
  problems: [],
  undoneAt: null,
};
const rows = (count: number): DatasetRow[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'prompt', id: `row-${i}`, prompt: 'x'.repeat(i + 1) }));

test('a dataset is shown once it is committed, whole, with its statistics and where it came from', async () => {
  const store = await testStore();
  const ingest = await store.beginDataset({ name: 'prompts', kind: 'prompt', import: provenance });
  await ingest.push(rows(3).slice(0, 2));
  expect(await store.listDatasets()).toEqual([]);
  expect(await store.listImports()).toEqual([]);
  await ingest.push(rows(3).slice(2));
  const id = await ingest.commit({ import: { rejected: 4 } });
  const [record] = await store.listDatasets();
  expect(record).toMatchObject({ id, rows: 3, statistics: { prompt: { min: 1, median: 2, max: 3 } } });
  expect(await store.listImports()).toMatchObject([{ id: record?.importId, accepted: 3, rejected: 4 }]);
  expect(await store.datasetRows(id, 1, 10)).toEqual(rows(3).slice(1));
});

test('the same rows in other batches have the same hash', async () => {
  const store = await testStore();
  for (const size of [1, 3]) {
    const ingest = await store.beginDataset({ name: 'prompts', kind: 'prompt', import: null });
    for (let from = 0; from < 3; from += size) await ingest.push(rows(3).slice(from, from + size));
    await ingest.commit();
  }
  const [a, b] = await store.listDatasets();
  expect(a?.sha256).toBe(b?.sha256);
});

test('two rows with one id are refused by name, and the source cannot be committed', async () => {
  const store = await testStore();
  const ingest = await store.beginDataset({ name: 'prompts', kind: 'prompt', import: null });
  await expect(ingest.push([...rows(2), ...rows(1)])).rejects.toMatchObject({
    code: 'bad-input',
    place: { field: 'id' },
  });
  await expect(ingest.commit()).rejects.toMatchObject({ code: 'conflict' });
  await ingest.abandon();
  await expect(ingest.push(rows(1))).rejects.toMatchObject({ code: 'not-found' });
  expect(await store.listDatasets()).toEqual([]);
});

test('rows and items are written for a trainer, without those held out', async () => {
  const store = await testStore();
  const ingest = await store.beginDataset({ name: 'prompts', kind: 'prompt', import: null });
  await ingest.push(rows(5));
  const id = await ingest.commit();
  const path = join(temporaryFolder(), 'rows.ndjson');
  expect(await store.exportDatasetRows(id, path, { skip: ['row-1', 'row-3'] })).toEqual({ rows: 3 });
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as DatasetRow).id)).toEqual(['row-0', 'row-2', 'row-4']);
  const suite = await store.beginSuite({
    name: 'cloze',
    kind: 'cloze',
    origin: 'imported',
    delimiter: '',
    import: null,
  });
  await suite.push([{ kind: 'cloze', id: '1', prompt: 'a', target: 'b' }]);
  const suiteId = await suite.commit();
  expect(await store.listSuites()).toMatchObject([
    { id: suiteId, kind: 'cloze', items: 1, delimiter: '', origin: 'imported' },
  ]);
  expect(await store.exportSuiteItems(suiteId, path)).toEqual({ items: 1 });
  await expect(store.exportSuiteItems(suiteId, join(path, 'below'))).rejects.toMatchObject({ code: 'io' });
});

test('an evaluation counts its verdicts and the means of its metrics', async () => {
  const store = await testStore();
  await addEvaluation(store, 'e', [
    sample('a', 'right', { score: 1, metrics: { kl: 1, len: 3 } }),
    sample('b', 'wrong', { score: 3, metrics: { kl: 3 } }),
    sample('c', 'tie'),
    sample('d', null, { output: null }),
  ]);
  expect(await store.listEvaluations()).toMatchObject([
    { samples: 4, right: 1, wrong: 1, tie: 1, missing: 1, meanScore: 2, summary: { kl: 2, len: 3 } },
  ]);
});

test('undoing an import removes what it brought, unless something rests on it', async () => {
  const store = await testStore();
  const ingest = await store.beginEvaluation({
    name: 'imported',
    suiteId: null,
    suiteName: 'suite',
    modelId: null,
    runId: null,
    checkpointId: null,
    step: null,
    decoding: null,
    import: { ...provenance, target: 'evaluation' },
  });
  await ingest.push([sample('0', 'right')]);
  const evaluation = await ingest.commit();
  const [record] = await store.listImports();
  const other = await comparisonOf(store, [['right', 'wrong']]);
  const { id } = await store.openComparison(evaluation, other.rightEvaluationId, { kind: 'verdict', ties: 'excluded' });
  await store.buildComparison(id);
  await expect(store.undoImport(record?.id ?? '')).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('right'),
  });
  await store.removeComparison(id);
  await store.undoImport(record?.id ?? '');
  expect((await store.listEvaluations()).map(({ name }) => name)).toEqual(['right', 'left']);
  expect((await store.listImports())[0]?.undoneAt).toBeGreaterThan(0);
  await expect(store.undoImport(record?.id ?? '')).rejects.toMatchObject({ code: 'conflict' });
});
