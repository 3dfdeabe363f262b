import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { databaseName, openStore } from '../../src-main/store/client.ts';
import type { Store, StoreChange } from '../../src-main/store/api.ts';
import { maxTextCharacters } from '../../src-main/store/texts.ts';
import {
  addEvaluation,
  addRun,
  compare,
  comparisonOf,
  numbered,
  sample,
  started,
  step,
  temporaryFolder,
  testStore,
} from './workspace.ts';

const client = fileURLToPath(new URL('../../src-main/store/client.ts', import.meta.url));
const run = promisify(execFile);

/** Another program on a workspace: `work` sees `store` and `folder`. What it prints is answered. */
async function otherProgram(
  folder: string,
  work: string,
  options: { uid?: number; gid?: number } = {},
): Promise<string> {
  const script = `
    const folder = ${JSON.stringify(folder)};
    const { openStore } = await import(${JSON.stringify(client)});
    try {
      const store = await openStore(folder, { checkIntegrity: false });
      ${work}
      await store.close();
    } catch (error) { console.log(error.code, error.message, error.remedy); }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], options);
  return stdout.trim();
}

const hostile = [
  "'; DROP TABLE samples; --",
  '"; DELETE FROM runs; --',
  'nul \u0000 byte',
  'lone \ud800 surrogate',
  '\u202Eright to left',
  '=HYPERLINK("x")',
  '<script>alert(1)</script>',
  '🏳️‍🌈',
  '',
];

test('names and texts of any kind come back as they were, and do nothing', async () => {
  const store = await testStore();
  const results = hostile.map((text, i) =>
    sample(`${i} ${text}`, 'right', {
      prompt: text,
      output: text,
      target: text,
      slices: [text],
      tags: [text],
      cluster: text,
      metrics: { [text]: i },
    }),
  );
  const left = await addEvaluation(store, hostile[0] ?? '', results, { suiteName: hostile[2] ?? '' });
  const right = await addEvaluation(store, hostile[1] ?? '', results, { suiteName: hostile[2] ?? '' });
  const { id } = await compare(store, left, right);
  const view = await store.openFlipView(
    id,
    { slices: [hostile[0] ?? ''], tags: [hostile[0] ?? ''] },
    { column: 'sampleId', direction: 'ascending' },
  );
  expect(view.total).toBe(1);
  const { sampleKeys } = await store.flipVectors(id, {});
  const details = await Promise.all([...sampleKeys].map((key) => store.sampleDetail(id, key)));
  expect(details.map((detail) => detail?.prompt)).toEqual(hostile.map((text) => text.toWellFormed()));
  expect(details.map((detail) => detail?.right?.output)).toEqual(hostile.map((text) => text.toWellFormed()));
  await store.setSetting(hostile[0] ?? '', hostile[2] ?? '');
  expect(await store.getSetting(hostile[0] ?? '')).toBe(hostile[2]);
  for (const text of hostile) expect(await store.getComparison(text)).toBeNull();
  expect(await store.checkIntegrity()).toBe('ok');
});

test('an oversized field is refused by name; the rest of the store goes on', async () => {
  const store = await testStore();
  await expect(
    addEvaluation(store, 'e', [sample('big', 'right', { output: 'x'.repeat(maxTextCharacters + 1) })]),
  ).rejects.toMatchObject({
    code: 'bad-input',
    place: { field: 'output of “big”' },
  });
  expect(await store.listEvaluations()).toEqual([]);
  const long = 'long '.repeat(1 << 20);
  const results = [sample('1', 'right', { output: long })];
  const { id } = await compare(
    store,
    await addEvaluation(store, 'l', results),
    await addEvaluation(store, 'r', results),
  );
  const view = await store.openFlipView(id, {}, { column: 'delta', direction: 'ascending' });
  expect((await store.flipWindow(view.viewId, 0, 1))[0]?.rightOutput).toBe(long.slice(0, 240));
});

test('a full disk is told in a sentence and does no damage', async () => {
  const folder = temporaryFolder();
  await (await openStore(folder, { checkIntegrity: false })).close();
  const store = await testStore(folder, { maxBytes: 1 << 20 });
  await addEvaluation(store, 'small', [sample('1', 'right')]);
  const rows = Array.from({ length: 2000 }, (_, i) => sample(String(i), 'right', { output: 'x'.repeat(1000) }));
  await expect(addEvaluation(store, 'large', rows)).rejects.toMatchObject({
    code: 'io',
    message: expect.stringContaining('The disk is full'),
    remedy: expect.any(String),
  });
  await store.addModel({
    name: 'm',
    path: '/m',
    family: 'llama',
    parameters: 1,
    sizeBytes: 2,
    sha256: 'x',
    origin: 'imported',
    state: 'present',
  });
  expect((await store.listEvaluations()).map(({ name }) => name)).toEqual(['small']);
  expect(await store.checkIntegrity()).toBe('ok');
  await store.close();
  const roomy = await testStore(folder);
  await addEvaluation(roomy, 'large', rows);
  expect((await roomy.listEvaluations()).map(({ name }) => name)).toEqual(['large', 'small']);
});

test.skipIf(process.platform === 'win32')('a folder that may not be written is told in a sentence', async () => {
  const folder = temporaryFolder();
  await (await openStore(folder, { checkIntegrity: false })).close();
  chmodSync(join(folder, databaseName), 0o444);
  chmodSync(folder, 0o555);
  // Root may write anywhere; the program then runs as nobody.
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  expect(await otherProgram(folder, '', nobody)).toMatch(
    /^io The workspace cannot be written .* Check that the folder exists/,
  );
  chmodSync(folder, 0o755);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(openStore(join(file, 'below'))).rejects.toMatchObject({ code: 'io' });
});

test('two programs write to one workspace and see each other’s changes', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder, { pollMs: 20 });
  const changed = new Promise<StoreChange>((resolve) => store.onChange(resolve));
  const other = otherProgram(
    folder,
    `for (let i = 0; i < 200; i++) await store.setSetting('theirs' + i, 'x');
     await store.addModel({ name: 'theirs', path: '/m', family: 'llama', parameters: 1, sizeBytes: 2, sha256: 'x', origin: 'imported', state: 'present' });
     console.log('done');`,
  );
  for (let i = 0; i < 200; i++) await store.setSetting(`ours${i}`, 'x');
  expect(await other).toBe('done');
  expect((await changed).tables).toEqual(['models']);
  expect((await store.listModels()).map(({ name }) => name)).toEqual(['theirs']);
  expect(Object.keys(await store.listSettings())).toHaveLength(400);
});

test('one’s own writes are not told as another’s', async () => {
  const store = await testStore(temporaryFolder(), { pollMs: 1 });
  const heard: StoreChange[] = [];
  store.onChange((change) => heard.push(change));
  const { id } = await comparisonOf(store, [['right', 'wrong']]);
  await store.settled();
  await store.health();
  expect(heard.filter(({ comparison }) => comparison === undefined)).toEqual([]);
  expect(heard.at(-1)).toMatchObject({ tables: ['comparisons'], comparison: { id, state: 'ready' } });
});

test('what a program left half-imported when it was killed is gone at the next start', async () => {
  const folder = temporaryFolder();
  const child = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `const { openStore } = await import(${JSON.stringify(client)});
     const store = await openStore(${JSON.stringify(folder)}, { checkIntegrity: false });
     const ingest = await store.beginDataset({ name: 'half', kind: 'prompt', import: null });
     await ingest.push([{ kind: 'prompt', id: '1', prompt: 'x' }]);
     console.log('pushed'); await new Promise((resolve) => setInterval(resolve, 1e9));`,
  ]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const died = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await died;
  const store = await testStore(folder);
  await store.settled();
  expect(await store.listDatasets()).toEqual([]);
  const db = new Database(join(folder, databaseName), { readonly: true });
  expect(db.prepare('SELECT (SELECT count(*) FROM datasets) + (SELECT count(*) FROM dataset_rows)').pluck().get()).toBe(
    0,
  );
  db.close();
});

test('an import goes on while a run writes, and readers see neither half', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  await store.appendRunEvents(runId, numbered([started()]));
  const importing = (async (): Promise<void> => {
    for (let i = 0; i < 5; i++) {
      await addEvaluation(
        store,
        `e${i}`,
        Array.from({ length: 500 }, (_, row) => sample(String(row), 'right')),
      );
    }
  })();
  for (let i = 1; i <= 50; i++) {
    await store.appendRunEvents(runId, numbered([step(i, { loss: i })], i + 1));
    for (const evaluation of await store.listEvaluations()) expect(evaluation.samples).toBe(500);
  }
  await importing;
  expect((await store.runMetrics(runId, { points: 100 }))[0]?.steps).toHaveLength(50);
});

test('a workspace’s copy opens elsewhere with everything in it', async () => {
  const store = await testStore();
  const { id } = await comparisonOf(store, [['right', 'wrong']]);
  const folder = temporaryFolder();
  const path = join(folder, databaseName);
  expect((await store.exportWorkspace(path)).sizeBytes).toBeGreaterThan(0);
  expect(readdirSync(folder)).toEqual([databaseName]);
  const copy = await testStore(folder);
  expect(await copy.getComparison(id)).toEqual(await store.getComparison(id));
  await expect(store.exportWorkspace(join(path, 'below'))).rejects.toMatchObject({ code: 'io' });
});

test('a workspace from elsewhere that carries a trigger is refused', async () => {
  const folder = temporaryFolder();
  await (await openStore(folder)).close();
  const db = new Database(join(folder, databaseName));
  db.exec('CREATE TRIGGER spy AFTER INSERT ON models BEGIN DELETE FROM runs; END');
  db.close();
  const copy = join(temporaryFolder(), 'w');
  mkdirSync(copy);
  cpSync(join(folder, databaseName), join(copy, databaseName));
  await expect(openStore(copy)).rejects.toMatchObject({ code: 'unsupported' });
});

test('damage is found by the check in the background', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  await addEvaluation(
    store,
    'e',
    Array.from({ length: 3000 }, (_, i) => sample(String(i), 'right')),
  );
  expect((await store.health()).integrity).toBe('checking');
  expect(await store.checkIntegrity()).toBe('ok');
  expect((await store.health()).integrity).toBe('ok');
  await store.close();
  expect(readdirSync(folder)).toEqual([databaseName]);
  const path = join(folder, databaseName);
  const bytes = readFileSync(path);
  const text = bytes.indexOf('prompt 1500');
  bytes.fill(0xff, text - 2000, text + 2000);
  writeFileSync(path, bytes);
  const damaged = await testStore(folder);
  expect(await damaged.checkIntegrity()).not.toBe('ok');
  expect((await damaged.health()).integrity).not.toBe('ok');
});

test('a closed store says so', async () => {
  const store: Store = await testStore();
  await store.close();
  await expect(store.listRuns()).rejects.toMatchObject({ code: 'unavailable' });
  await store.close();
});

test('a folder that goes away while it is opened is named, and is no defect', async () => {
  const gone = join(temporaryFolder(), 'gone');
  const opening = openStore(gone);
  // Opening makes the folder at once; the database is opened by its own thread, later.
  rmSync(gone, { recursive: true });
  await expect(opening).rejects.toMatchObject({
    code: 'io',
    message: `The folder of the workspace is not there (any more): ${join(gone, databaseName)}`,
  });
});
