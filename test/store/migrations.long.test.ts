import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { databaseName, openStore } from '../../src-main/store/client.ts';
import { openForWriting } from '../../src-main/store/database.ts';
import type { Migration } from '../../src-main/store/migrations/migrate.ts';
import { migrate, migrations, versionOf } from '../../src-main/store/migrations/migrate.ts';
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

/** Takes away what version 5 added. */
const before5 = 'DROP TABLE thing_marks; ALTER TABLE comparisons DROP COLUMN name;';
const first: Migration = { version: 1, name: 'first', script: 'CREATE TABLE a (x INTEGER) STRICT;' };

function file(): string {
  return join(temporaryFolder(), databaseName);
}

test('versions count up by one', () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, i) => i + 1));
});

test('a step that fails changes nothing, and the next start tries again', async () => {
  const db = openForWriting(file());
  await migrate(db, [first]);
  const broken: Migration = {
    version: 2,
    name: 'broken',
    script: 'CREATE TABLE b (x INTEGER) STRICT; SELECT nonsense;',
  };
  await expect(migrate(db, [first, broken])).rejects.toThrow('nonsense');
  expect(versionOf(db)).toBe(1);
  expect(db.raw.prepare("SELECT name FROM sqlite_master WHERE name = 'b'").all()).toEqual([]);
  const mended: Migration = { ...broken, script: 'CREATE TABLE b (x INTEGER) STRICT;' };
  expect(await migrate(db, [first, mended])).toBe(2);
  db.raw.close();
});

test('a backup is taken before a migration and can be opened; the newest three are kept', async () => {
  const path = file();
  const db = openForWriting(path);
  const steps = [first];
  await migrate(db, steps);
  db.raw.exec('INSERT INTO a VALUES (42)');
  for (let version = 2; version <= 6; version++) {
    steps.push({ version, name: `step ${version}`, script: `CREATE TABLE t${version} (x INTEGER) STRICT;` });
    await migrate(db, steps);
  }
  db.raw.close();
  const folder = join(path, '..', 'backups');
  const backups = readdirSync(folder).sort();
  expect(backups.map((name) => name.replace(/-from-(\d+)-.*/, ' $1'))).toEqual([
    'before-migration 3',
    'before-migration 4',
    'before-migration 5',
  ]);
  const backup = new Database(join(folder, backups[0] ?? ''), { readonly: true });
  expect(backup.prepare('SELECT x FROM a').pluck().get()).toBe(42);
  expect(backup.pragma('user_version', { simple: true })).toBe(3);
  backup.close();
});

/** Takes away what version 6 and those after it added. */
const withoutMeasures = `DROP TABLE result_tags; DROP TABLE run_step_answers; ALTER TABLE models DROP COLUMN recipe; DROP TABLE judge_replies; ALTER TABLE imports DROP COLUMN decisions; DROP TABLE judged_statements; DROP TABLE row_scores; DROP TABLE alerts; DROP TABLE study_points; DROP TABLE studies; ALTER TABLE runs DROP COLUMN origin; DROP TABLE dataset_checks; DROP TABLE dataset_columns; DROP TABLE marked_rows; DROP TABLE row_words; DROP TABLE row_index;
  ALTER TABLE datasets DROP COLUMN parent_id; ALTER TABLE datasets DROP COLUMN recipe; ALTER TABLE datasets DROP COLUMN licence;
  DROP TABLE made_files; DROP TABLE days_used; DROP TABLE comparison_kinds; ALTER TABLE evaluations DROP COLUMN measure; ALTER TABLE scores DROP COLUMN attempts;
  ALTER TABLE scores DROP COLUMN solved; ALTER TABLE imports DROP COLUMN origin; DROP TABLE attempts; DROP TABLE sample_fields;`;

test('evaluations of before version 6 keep their samples, and say of their measure that nothing is known', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const { id } = await comparisonOf(store, [['right', 'wrong']]);
  await store.settled();
  await store.close();
  const db = new Database(join(folder, databaseName));
  db.exec(withoutMeasures);
  db.pragma('user_version = 5');
  db.close();
  const again = await testStore(folder);
  expect((await again.listEvaluations()).map(({ samples, measure }) => [samples, measure])).toEqual([
    [1, null],
    [1, null],
  ]);
  expect(await again.getComparison(id)).toMatchObject({ pairBy: 'auto', counts: { paired: 1 } });
});

/** What version 4 added is removed again. */
function withoutModelSources(db: InstanceType<typeof Database>): void {
  db.exec('ALTER TABLE models DROP COLUMN source; ALTER TABLE models DROP COLUMN base_id;');
}

test('models of version 3 come from no repository and sit on no base; those after keep theirs', async () => {
  const folder = temporaryFolder();
  const model = { path: '/m', family: 'llama', parameters: 1, sizeBytes: 2, sha256: 'x', origin: 'imported' } as const;
  const store = await testStore(folder);
  const old = await store.addModel({ ...model, name: 'old', state: 'present' });
  await store.close();
  const db = new Database(join(folder, databaseName));
  withoutModelSources(db);
  db.exec(withoutMeasures);
  db.exec(before5);
  db.pragma('user_version = 3');
  db.close();
  const again = await testStore(folder);
  const source = { repository: 'someone/tiny', revision: 'main', commit: 'c'.repeat(40) };
  const added = await again.addModel({ ...model, name: 'new', state: 'present', source, baseId: old.id });
  expect(added).toMatchObject({ source, baseId: old.id });
  expect(await again.listModels()).toEqual([added, old]);
});

test('a workspace of the version before opens with everything in it', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const { id } = await comparisonOf(store, [['right', 'wrong']]);
  await store.settled();
  await store.close();
  // Version 1 is today's file without what later versions added.
  const db = new Database(join(folder, databaseName));
  withoutModelSources(db);
  db.exec(withoutMeasures);
  db.exec(before5);
  db.exec('DROP TABLE text_trigrams; DROP TABLE text_vocabulary; DROP TABLE text_words; DROP TABLE search_index;');
  db.pragma('user_version = 1');
  db.close();
  const again = await testStore(folder);
  expect((await again.health()).schemaVersion).toBe(migrations.length);
  await again.settled();
  const view = await again.openFlipView(id, { search: 'prompt 0' }, { column: 'delta', direction: 'ascending' });
  expect(view.total).toBe(1);
  expect(readdirSync(join(folder, 'backups'))).toHaveLength(1);
  expect(await again.checkIntegrity()).toBe('ok');
});

test('contents hashed by the rule of version 2 are hashed again, and pair with what comes after', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  await addEvaluation(store, 'old', [sample('a', 'right', { prompt: 'caf\u00e9' })], { suiteName: 'one' });
  const dataset = await store.beginDataset({ name: 'rows', kind: 'completion', import: null });
  const row = { kind: 'completion', id: 'r', prompt: 'caf\u00e9', completion: 'target a' } as const;
  await dataset.push([row]);
  const datasetId = await dataset.commit();
  const runId = await addRun(store, { datasetId });
  await store.appendRunEvents(runId, numbered([started(), step(1, {}, {}, ['r'])]));
  await store.close();
  const db = new Database(join(folder, databaseName));
  db.exec(withoutMeasures);
  db.exec(before5);
  for (const table of ['samples', 'dataset_rows', 'trained_samples'])
    db.exec(`UPDATE ${table} SET content_hash = randomblob(16), prompt_hash = randomblob(16)`);
  withoutModelSources(db);
  db.pragma('user_version = 2');
  db.close();
  const again = await testStore(folder);
  const [old] = await again.listEvaluations();
  const right = await addEvaluation(
    again,
    'new',
    [sample('b', 'wrong', { prompt: 'cafe\u0301', target: 'target a' })],
    {
      suiteName: 'two',
    },
  );
  const comparison = await compare(again, old?.id ?? '', right);
  expect(comparison).toMatchObject({ pairing: 'content-hash', counts: { paired: 1 } });
  const view = await again.openFlipView(comparison.id, {}, { column: 'delta', direction: 'ascending' });
  const [flip] = await again.flipWindow(view.viewId, 0, 1);
  expect(await again.trainingTrace(flip?.sampleKey ?? 0)).toMatchObject([{ runId, steps: [{ step: 1 }] }]);
});

test('evaluations that a run named get the names that people read, others keep theirs', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const runId = await addRun(store, { name: 'DPO' });
  const ids = [await addEvaluation(store, 'a', []), await addEvaluation(store, 'mine', [])];
  await store.close();
  const db = new Database(join(folder, databaseName));
  db.exec(withoutMeasures);
  db.exec(before5);
  const [scope] = db.prepare('SELECT name FROM scopes').pluck().all() as string[];
  db.prepare('UPDATE evaluations SET run_key = (SELECT run_key FROM runs WHERE id = ?), step = 48').run(runId);
  db.prepare('UPDATE evaluations SET name = ? WHERE id = ?').run(`DPO · ${scope} · step 48`, ids[0]);
  db.pragma('user_version = 4');
  db.close();
  const again = await testStore(folder);
  expect((await again.listEvaluations()).map(({ name }) => name).sort()).toEqual([`DPO, step 48 · ${scope}`, 'mine']);
});

test('rows of version 14 are found by their words again, the first one too', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const ingest = await store.beginDataset({ name: 'rows', kind: 'prompt', import: null });
  await ingest.push(['first harbour', 'second harbour'].map((prompt, i) => ({ kind: 'prompt', id: `${i}`, prompt })));
  const id = await ingest.commit();
  await store.close();
  // As version 9 left a dataset that was there before: the row with the least key counts as indexed, and is not.
  const db = new Database(join(folder, databaseName));
  db.exec(`DROP TABLE result_tags; DROP TABLE run_step_answers; ALTER TABLE models DROP COLUMN recipe; DROP TABLE judge_replies; ALTER TABLE imports DROP COLUMN decisions; DROP TABLE row_words; CREATE VIRTUAL TABLE row_words USING fts5 (body, tokenize = 'unicode61 remove_diacritics 2',
    content = '', contentless_delete = 1, detail = 'none');
    INSERT INTO row_index (dataset_key, indexed_to, complete) SELECT dataset_key, dataset_key << 31, 0 FROM datasets;`);
  db.pragma('user_version = 14');
  db.close();
  const again = await testStore(folder);
  await again.settled();
  const byRow = { column: 'row', direction: 'ascending' } as const;
  const found = await Promise.all(
    ['harbour', 'ha', 'first h'].map(async (search) => (await again.openDatasetView(id, { search }, byRow)).total),
  );
  expect(found).toEqual([2, 2, 1]);
});

test('tags of version 20, whoever set them, stay with their samples, and a new import’s with its results', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const old = await addEvaluation(store, 'old', [sample('0', 'right', { tags: ['hard', 'error'] })]);
  await store.close();
  const db = new Database(join(folder, databaseName));
  db.exec('DROP TABLE result_tags');
  db.pragma('user_version = 20');
  db.close();
  const again = await testStore(folder);
  const failed = await addEvaluation(again, 'failed', [sample('0', null, { resultTags: ['cut-off'] })]);
  const other = await addEvaluation(again, 'other', [sample('0', 'right')]);
  const tagsOf = async (right: string) =>
    (await again.flipFacets((await compare(again, old, right)).id, {})).tags.map(({ value }) => value).sort();
  expect(await tagsOf(other)).toEqual(['error', 'hard']);
  expect(await tagsOf(failed)).toEqual(['cut-off', 'error', 'hard']);
});

test('a workspace of a newer version is refused and left as it is', async () => {
  const folder = temporaryFolder();
  await (await openStore(folder)).close();
  const path = join(folder, databaseName);
  const db = new Database(path);
  db.pragma('user_version = 99');
  db.close();
  await expect(openStore(folder)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('newer version'),
  });
  expect(existsSync(join(folder, 'backups'))).toBe(false);
});

test('another program’s database and a file that is none are refused', async () => {
  const foreign = temporaryFolder();
  const db = new Database(join(foreign, databaseName));
  db.exec('CREATE TABLE notes (text TEXT)');
  db.close();
  const before = readFileSync(join(foreign, databaseName));
  await expect(openStore(foreign)).rejects.toMatchObject({ code: 'unsupported' });
  expect(readFileSync(join(foreign, databaseName)).equals(before)).toBe(true);
  const broken = temporaryFolder();
  writeFileSync(join(broken, databaseName), 'this is not a database, however long it may be '.repeat(100));
  await expect(openStore(broken)).rejects.toMatchObject({ code: 'corrupt' });
});
