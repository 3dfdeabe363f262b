import type { ReadableDb, WritableDb } from '../database.ts';
import { all, inTransaction, run, sql } from '../database.ts';
import { firstKey } from '../keys.ts';
import { forgetDataset, forgetRows } from './dataset-checks.ts';
import type { Writer } from './marks.ts';
import { isAlive } from './marks.ts';
import { forgetSource, unindexOutputs, unindexSweptPrompts } from './search-index.ts';

export type Removable = 'datasets' | 'suites' | 'evaluations';

/** Rows deleted in one transaction of the sweep: about 50 ms. */
const rowsAtOnce = 20_000;

/** Removes a thing from every list at once; its rows are deleted later, bit by bit. */
export function markRemoved(db: WritableDb, kind: Removable, key: number): void {
  if (kind === 'datasets') run(db, sql`UPDATE datasets SET state = 'removed', owner = NULL WHERE dataset_key = ${key}`);
  if (kind === 'suites') run(db, sql`UPDATE suites SET state = 'removed', owner = NULL WHERE suite_key = ${key}`);
  if (kind === 'evaluations') {
    run(db, sql`UPDATE evaluations SET state = 'removed', owner = NULL WHERE evaluation_key = ${key}`);
  }
}

/** Removes what a program that is gone left half-received. Evaluations of a run without an owner wait for the run's further events. */
export function markOrphans(writer: Writer): void {
  const { db } = writer;
  inTransaction(db, () => {
    for (const { kind, key, owner } of halfReceived(db)) if (!isAlive(owner)) markRemoved(db, kind, key);
  });
}

function halfReceived(db: ReadableDb): { kind: Removable; key: number; owner: string }[] {
  return all(
    db,
    sql`SELECT 'datasets' AS kind, dataset_key AS key, owner FROM datasets WHERE state = 'receiving' AND owner IS NOT NULL
        UNION ALL SELECT 'suites', suite_key, owner FROM suites WHERE state = 'receiving' AND owner IS NOT NULL
        UNION ALL SELECT 'evaluations', evaluation_key, owner FROM evaluations WHERE state = 'receiving' AND owner IS NOT NULL`,
  );
}

/** One short transaction of deleting. Returns false when nothing is left to delete. */
export function sweepOnce(writer: Writer): boolean {
  const { db } = writer;
  const next = all<{ kind: Removable; key: number }>(
    db,
    sql`SELECT 'evaluations' AS kind, evaluation_key AS key FROM evaluations WHERE state = 'removed'
        UNION ALL SELECT 'datasets', dataset_key FROM datasets WHERE state = 'removed'
        UNION ALL SELECT 'suites', suite_key FROM suites WHERE state = 'removed' LIMIT 1`,
  )[0];
  if (next === undefined) return false;
  inTransaction(db, () => {
    if (sweepRows(db, next.kind, next.key) === 0) dropOwner(db, next.kind, next.key);
  });
  return true;
}

function sweepRows(db: WritableDb, kind: Removable, key: number): number {
  const from = firstKey(key);
  const to = firstKey(key + 1);
  switch (kind) {
    case 'datasets':
      forgetRows(db, from, to, rowsAtOnce);
      return run(
        db,
        sql`DELETE FROM dataset_rows WHERE row_key IN
        (SELECT row_key FROM dataset_rows WHERE row_key >= ${from} AND row_key < ${to} LIMIT ${rowsAtOnce})`,
      ).changes;
    case 'suites':
      return run(
        db,
        sql`DELETE FROM suite_items WHERE item_key IN
        (SELECT item_key FROM suite_items WHERE item_key >= ${from} AND item_key < ${to} LIMIT ${rowsAtOnce})`,
      ).changes;
    case 'evaluations':
      return sweepScores(db, from, to);
  }
}

/** Scores with their outputs, and the samples that no other evaluation of the scope, tag or guard set knows. */
function sweepScores(db: WritableDb, from: number, to: number): number {
  const last = all<{ score_key: number }>(
    db,
    sql`SELECT score_key FROM scores WHERE score_key >= ${from} AND score_key < ${to} ORDER BY score_key LIMIT 1 OFFSET ${rowsAtOnce - 1}`,
  )[0];
  const end = last === undefined ? to : last.score_key + 1;
  unindexOutputs(db, from, end);
  run(db, sql`DELETE FROM outputs WHERE score_key >= ${from} AND score_key < ${end}`);
  run(db, sql`CREATE TEMP TABLE IF NOT EXISTS swept (sample_key INTEGER PRIMARY KEY)`);
  run(db, sql`DELETE FROM swept`);
  run(
    db,
    sql`INSERT INTO swept SELECT x.score_key - ${from} FROM scores x JOIN samples s ON s.sample_key = x.score_key - ${from}
        WHERE x.score_key >= ${from} AND x.score_key < ${end}
          AND NOT EXISTS (SELECT 1 FROM evaluations e JOIN scores o ON o.score_key = (e.evaluation_key << 31) + s.sample_key
                          WHERE e.scope_key = s.scope_key AND o.score_key <> x.score_key)
          AND NOT EXISTS (SELECT 1 FROM sample_tags t WHERE t.sample_key = s.sample_key)`,
  );
  unindexSweptPrompts(db);
  run(db, sql`DELETE FROM sample_texts WHERE sample_key IN (SELECT sample_key FROM swept)`);
  run(db, sql`DELETE FROM samples WHERE sample_key IN (SELECT sample_key FROM swept)`);
  run(db, sql`DELETE FROM attempts WHERE score_key >= ${from} AND score_key < ${end}`);
  run(db, sql`DELETE FROM result_tags WHERE score_key >= ${from} AND score_key < ${end}`);
  run(db, sql`DELETE FROM sample_fields WHERE score_key >= ${from} AND score_key < ${end}`);
  return run(db, sql`DELETE FROM scores WHERE score_key >= ${from} AND score_key < ${end}`).changes;
}

function dropOwner(db: WritableDb, kind: Removable, key: number): void {
  if (kind === 'datasets') {
    forgetDataset(db, key);
    run(db, sql`DELETE FROM datasets WHERE dataset_key = ${key}`);
  }
  if (kind === 'suites') run(db, sql`DELETE FROM suites WHERE suite_key = ${key}`);
  if (kind === 'evaluations') {
    forgetSource(db, key);
    run(db, sql`DELETE FROM evaluations WHERE evaluation_key = ${key}`);
  }
}
