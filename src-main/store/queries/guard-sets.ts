import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { GuardSetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { idOf, idOrNull } from '../../shared/domain/ids.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, prepare, run, sql, value } from '../database.ts';
import { firstKey, newId, packKey } from '../keys.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';
import { guardRow } from './guard-rows.ts';
import type { GuardSource } from './guard-rows.ts';

const columns = `SELECT id, name, samples, comparison_id AS comparisonId, created_at AS createdAt, note, skipped FROM guard_sets`;

export function listGuardSets(db: ReadableDb): GuardSetRecord[] {
  return all<GuardSetRecord>(db, { text: `${columns} ORDER BY guard_key DESC`, values: [] }).map(guardSetOf);
}

export function getGuardSet(db: ReadableDb, id: string): GuardSetRecord | null {
  const row = one<GuardSetRecord>(db, { text: `${columns} WHERE id = ?`, values: [id] });
  return row === undefined ? null : guardSetOf(row);
}

function guardSetOf(row: GuardSetRecord): GuardSetRecord {
  return { ...row, id: idOf('guard set', row.id), comparisonId: idOrNull('comparison', row.comparisonId) };
}

export function guardSetRows(db: ReadableDb, id: string): DatasetRow[] {
  const key = guardKey(db, id);
  return all<{ body: string }>(
    db,
    sql`SELECT body FROM guard_set_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)} ORDER BY row_key`,
  ).map((row) => JSON.parse(row.body) as DatasetRow);
}

/** The left samples that the rows were made from, in the same order. */
export function guardSetSampleKeys(db: ReadableDb, id: string): number[] {
  const key = guardKey(db, id);
  return all<{ sample_key: number }>(
    db,
    sql`SELECT sample_key FROM guard_set_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)} ORDER BY row_key`,
  ).map((row) => row.sample_key);
}

function guardKey(db: ReadableDb, id: string): number {
  const key = value<number>(db, sql`SELECT guard_key FROM guard_sets WHERE id = ${id}`);
  if (key === undefined) throw new WorkbenchError('not-found', 'This guard set is not in the workspace');
  return key;
}

/** Selected samples of a comparison, each once: their keys on the two sides. */
export interface GuardPairs {
  leftKeys: Int32Array;
  rightKeys: Int32Array;
}

/**
 * Freezes samples of a comparison as training rows: a guard set outlives the evaluations it came from. Samples without any text
 * to hold to are skipped and counted.
 */
export function addGuardSet(
  writer: Writer,
  set: { name: string; note: string; comparisonId: string; pairs: GuardPairs },
): GuardSetRecord {
  const { db } = writer;
  return change(writer, ['guard-sets'], () => {
    const source = one<GuardSource>(
      db,
      sql`SELECT c.left_key AS leftKey, c.right_key AS rightKey, l.suite_kind AS suiteKind, l.suite_id AS suiteId
          FROM comparisons c JOIN evaluations l ON l.evaluation_key = c.left_key WHERE c.id = ${set.comparisonId}`,
    );
    if (source === undefined) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
    const id = newId('guard');
    const { key } = run(
      db,
      sql`INSERT INTO guard_sets (id, name, note, comparison_id, samples, skipped, created_at)
          VALUES (${id}, ${set.name}, ${set.note}, ${set.comparisonId}, 0, 0, ${Date.now()})`,
    );
    const insert = prepare(db, 'INSERT INTO guard_set_rows (row_key, sample_key, body) VALUES (?, ?, ?)');
    let samples = 0;
    let skipped = 0;
    set.pairs.leftKeys.forEach((sampleKey, i) => {
      const row = guardRow(db, source, sampleKey, set.pairs.rightKeys[i] ?? sampleKey);
      if (row === null) skipped++;
      else insert.run(packKey(key, samples++), sampleKey, JSON.stringify(row));
    });
    if (samples === 0) {
      throw new WorkbenchError('bad-input', 'None of these samples has an output or a target that a guard could use');
    }
    run(db, sql`UPDATE guard_sets SET samples = ${samples}, skipped = ${skipped} WHERE guard_key = ${key}`);
    const record = one<GuardSetRecord>(db, { text: `${columns} WHERE guard_key = ?`, values: [key] });
    if (record === undefined) throw new Error('a guard set that was just added is gone');
    return guardSetOf(record);
  });
}

export function removeGuardSet(writer: Writer, id: string): void {
  const { db } = writer;
  change(writer, ['guard-sets'], () => {
    const key = guardKey(db, id);
    run(db, sql`DELETE FROM guard_set_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)}`);
    run(db, sql`DELETE FROM guard_sets WHERE guard_key = ${key}`);
  });
}

export const guardSetReads = { listGuardSets, getGuardSet, guardSetRows, guardSetSampleKeys };
export const guardSetWrites = { removeGuardSet };
