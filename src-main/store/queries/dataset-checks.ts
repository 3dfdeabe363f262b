import type {
  CheckColumns,
  CheckResult,
  CheckSettings,
  DatasetCheck,
  StoredCheck,
} from '../../shared/domain/data/check.ts';
import type { FoundOverlap } from '../../shared/domain/data/row-scan.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, one, run, sql, value } from '../database.ts';
import { bytesOf } from '../codec.ts';
import { datasetKey } from './datasets.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

/** How many checks of one dataset are kept: with and without a model, against various suites. */
const kept = 6;

interface CheckRow {
  check_key: number;
  summary: string;
  tag_sets: string;
  overlaps: string;
  created_at: number;
}

/** Of two checks with the same settings, the later one stays. */
export function putDatasetCheck(writer: Writer, datasetId: string, result: CheckResult): void {
  const { db } = writer;
  change(writer, ['datasets'], () => {
    const key = datasetKey(db, datasetId);
    const settings = settingsKey(result.check.settings);
    run(db, sql`DELETE FROM dataset_checks WHERE dataset_key = ${key} AND settings = ${settings}`);
    const check = run(
      db,
      sql`INSERT INTO dataset_checks (dataset_key, settings, summary, tag_sets, overlaps, created_at)
          VALUES (${key}, ${settings}, ${JSON.stringify(result.check)}, ${JSON.stringify(result.tagSets)},
                  ${JSON.stringify(result.overlaps)}, ${Date.now()})`,
    ).key;
    for (const [name, values] of Object.entries(result.columns) as [string, Int32Array | Uint8Array][]) {
      run(db, sql`INSERT INTO dataset_columns (check_key, name, data) VALUES (${check}, ${name}, ${bytesOf(values)})`);
    }
    run(
      db,
      sql`DELETE FROM dataset_checks WHERE dataset_key = ${key} AND check_key NOT IN
          (SELECT check_key FROM dataset_checks WHERE dataset_key = ${key} ORDER BY check_key DESC LIMIT ${kept})`,
    );
  });
}

/** The check with these settings, or the newest if `settings` is null; null if there is none. */
export function getDatasetCheck(db: ReadableDb, datasetId: string, settings: CheckSettings | null): StoredCheck | null {
  const row = checkRow(db, datasetKey(db, datasetId), settings);
  return row === undefined ? null : storedOf(row);
}

/** The check with these settings, which lists show from now on; null if there is none. */
export function useDatasetCheck(writer: Writer, datasetId: string, settings: CheckSettings): StoredCheck | null {
  const { db } = writer;
  const row = checkRow(db, datasetKey(db, datasetId), settings);
  if (row === undefined) return null;
  const newest = value<number>(db, sql`SELECT max(check_key) FROM dataset_checks`) ?? 0;
  if (row.check_key !== newest) {
    change(writer, ['datasets'], () => {
      // The columns move with it: they refer to it by key.
      run(db, sql`PRAGMA defer_foreign_keys = ON`);
      run(db, sql`UPDATE dataset_columns SET check_key = ${newest + 1} WHERE check_key = ${row.check_key}`);
      run(db, sql`UPDATE dataset_checks SET check_key = ${newest + 1} WHERE check_key = ${row.check_key}`);
    });
  }
  return storedOf(row);
}

/** Checks of a dataset, newest first. */
export function listDatasetChecks(db: ReadableDb, datasetId: string): StoredCheck[] {
  const key = datasetKey(db, datasetId);
  return all<CheckRow>(
    db,
    sql`SELECT check_key, summary, tag_sets, overlaps, created_at FROM dataset_checks WHERE dataset_key = ${key}
        ORDER BY check_key DESC`,
  ).map(storedOf);
}

function storedOf({ summary, overlaps, created_at: createdAt }: CheckRow): StoredCheck {
  // Written above.
  return {
    check: JSON.parse(summary) as DatasetCheck,
    overlaps: JSON.parse(overlaps) as FoundOverlap[],
    createdAt,
  };
}

export interface LoadedCheck {
  key: number;
  check: DatasetCheck;
  tagSets: string[][];
  column<Name extends keyof CheckColumns>(name: Name): CheckColumns[Name];
}

/** A check with its columns, each read when it is first asked for. */
export function loadCheck(db: ReadableDb, dataset: number, settings: CheckSettings | null): LoadedCheck | null {
  const row = checkRow(db, dataset, settings);
  if (row === undefined) return null;
  const columns = new Map<string, Int32Array | Uint8Array>();
  return {
    key: row.check_key,
    check: JSON.parse(row.summary) as DatasetCheck,
    tagSets: (JSON.parse(row.tag_sets) as string[]).map((set) => JSON.parse(set) as string[]),
    column<Name extends keyof CheckColumns>(name: Name): CheckColumns[Name] {
      const values = columns.get(name) ?? readColumn(db, row.check_key, name);
      columns.set(name, values);
      // The one place where a column's name regains its type.
      return values as CheckColumns[Name];
    },
  };
}

function readColumn(db: ReadableDb, check: number, name: keyof CheckColumns): Int32Array | Uint8Array {
  const data = value<Uint8Array>(
    db,
    sql`SELECT data FROM dataset_columns WHERE check_key = ${check} AND name = ${name}`,
  );
  if (data === undefined) throw new Error(`a dataset's check has no column ${name}`);
  // Copied to memory of its own, which is aligned for 32-bit numbers.
  const bytes = new Uint8Array(data);
  return name === 'script' ? bytes : new Int32Array(bytes.buffer);
}

function checkRow(db: ReadableDb, dataset: number, settings: CheckSettings | null): CheckRow | undefined {
  return settings === null
    ? one(
        db,
        sql`SELECT check_key, summary, tag_sets, overlaps, created_at FROM dataset_checks WHERE dataset_key = ${dataset}
            ORDER BY check_key DESC LIMIT 1`,
      )
    : one(
        db,
        sql`SELECT check_key, summary, tag_sets, overlaps, created_at FROM dataset_checks
            WHERE dataset_key = ${dataset} AND settings = ${settingsKey(settings)}`,
      );
}

function settingsKey(settings: CheckSettings): string {
  const { model, reading, maxLength, against } = settings;
  return JSON.stringify([
    settings.nearThreshold,
    settings.overlapThreshold,
    model?.sha256 ?? null,
    model === null ? null : reading,
    maxLength,
    against.map(({ kind, id, digest }) => [kind, id, digest]).sort(),
  ]);
}

/** Marks and indexed words of the first rows between two keys, as many as are deleted at once. */
export function forgetRows(db: WritableDb, from: number, to: number, limit: number): void {
  run(
    db,
    sql`DELETE FROM row_words WHERE rowid IN
        (SELECT row_key FROM dataset_rows WHERE row_key >= ${from} AND row_key < ${to} LIMIT ${limit})`,
  );
  run(
    db,
    sql`DELETE FROM marked_rows WHERE row_key IN
        (SELECT row_key FROM dataset_rows WHERE row_key >= ${from} AND row_key < ${to} LIMIT ${limit})`,
  );
}

/** Deletes what is known about a dataset, along with it. */
export function forgetDataset(db: WritableDb, dataset: number): void {
  run(db, sql`DELETE FROM dataset_checks WHERE dataset_key = ${dataset}`);
  run(db, sql`DELETE FROM row_scores WHERE dataset_key = ${dataset}`);
  run(db, sql`DELETE FROM row_index WHERE dataset_key = ${dataset}`);
}

export const datasetCheckReads = { getDatasetCheck, listDatasetChecks };
export const datasetCheckWrites = { putDatasetCheck, useDatasetCheck };
