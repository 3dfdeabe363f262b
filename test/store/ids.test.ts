import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import type { Store } from '../../src-main/store/api.ts';
import { databaseName } from '../../src-main/store/client.ts';
import { addEvaluation, addRun, sample, temporaryFolder, testStore } from './workspace.ts';

/** What a foreign program may have written where an id belongs; `removeRun` and reports make paths of ids. */
const foreign = ['../../..', '/etc', 'a/b', 'a\\b', '', '.', '..', 'a\0b', 'x'.repeat(101), 'nul ', 'run 1'];

const places: { table: string; column: string; read: (store: Store) => Promise<unknown> }[] = [
  { table: 'runs', column: 'id', read: (store) => store.listRuns() },
  { table: 'runs', column: 'model_id', read: (store) => store.listRuns() },
  { table: 'runs', column: 'sweep_id', read: (store) => store.listRuns() },
  { table: 'evaluations', column: 'id', read: (store) => store.listEvaluations() },
  { table: 'evaluations', column: 'model_id', read: (store) => store.listEvaluations() },
  { table: 'reports', column: 'id', read: (store) => store.listReports() },
  { table: 'models', column: 'id', read: (store) => store.listModels() },
];

test('a stored id that is none is refused where it is read, by name', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  await addRun(store);
  await addEvaluation(store, 'e', [sample('1', 'right')]);
  await store.addReport({
    title: 'r',
    format: 'html',
    subject: { kind: 'runs', runIds: [] },
    fileName: 'r',
    sizeBytes: 1,
  });
  await store.addModel({
    name: 'm',
    path: 'models/m',
    family: 'llama',
    parameters: 1,
    sizeBytes: 1,
    sha256: '',
    origin: 'imported',
    state: 'present',
  });
  const db = new Database(join(folder, databaseName));
  for (const { table, column, read } of places) {
    const before = db.prepare(`SELECT ${column} FROM ${table}`).pluck().get();
    for (const id of foreign) {
      db.prepare(`UPDATE ${table} SET ${column} = ?`).run(id);
      await expect(read(store), `${table}.${column} = ${JSON.stringify(id)}`).rejects.toMatchObject({
        code: 'corrupt',
      });
    }
    db.prepare(`UPDATE ${table} SET ${column} = ?`).run(before);
    expect(await read(store)).toHaveLength(1);
  }
  db.close();
});

test('a new thing brings a fit id or none', async () => {
  const store = await testStore();
  await expect(addRun(store, { id: '../elsewhere' })).rejects.toThrow(WorkbenchError);
  expect(await store.listRuns()).toEqual([]);
});

test('each thing is found by its id, and null stands for one that is not there', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  const evaluationId = await addEvaluation(store, 'e', [sample('1', 'right')]);
  const [run] = await store.listRuns();
  const [evaluation] = await store.listEvaluations();
  expect(await store.getRun(runId)).toEqual(run);
  expect(await store.getEvaluation(evaluationId)).toEqual(evaluation);
  const none: Promise<unknown>[] = [
    store.getModel('x'),
    store.getDataset('x'),
    store.getSuite('x'),
    store.getCheckpoint('x'),
    store.getEvaluation('x'),
    store.getComparison('x'),
    store.getGuardSet('x'),
    store.getImport('x'),
    store.getReport('x'),
  ];
  expect(await Promise.all(none)).toEqual(none.map(() => null));
});
