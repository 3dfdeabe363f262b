import type { RowScoreAbout, RowScoreName, StoredRowScore } from '../../shared/domain/data/row-scores.ts';
import type { ReadableDb } from '../database.ts';
import { all, run, sql, value } from '../database.ts';
import { bytesOf, float64sOf } from '../codec.ts';
import { firstKey, memberOf } from '../keys.ts';
import { datasetKey } from './datasets.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

/** One number per row of the dataset, in its order; NaN if not known. A score of the same name is replaced. */
export function putRowScore(
  writer: Writer,
  datasetId: string,
  score: { name: RowScoreName; about: RowScoreAbout; values: Float64Array },
): void {
  const { db } = writer;
  change(writer, ['datasets'], () => {
    const key = datasetKey(db, datasetId);
    run(
      db,
      sql`INSERT INTO row_scores (dataset_key, name, about, data, made_at)
          VALUES (${key}, ${score.name}, ${JSON.stringify(score.about)}, ${bytesOf(score.values)}, ${Date.now()})
          ON CONFLICT (dataset_key, name) DO UPDATE SET about = excluded.about, data = excluded.data, made_at = excluded.made_at`,
    );
  });
}

export function listRowScores(db: ReadableDb, datasetId: string): StoredRowScore[] {
  return all<{ name: RowScoreName; about: string; data: Uint8Array; made_at: number }>(
    db,
    sql`SELECT name, about, data, made_at FROM row_scores WHERE dataset_key = ${datasetKey(db, datasetId)} ORDER BY name`,
  ).map(({ name, about, data, made_at: madeAt }) => ({
    name,
    about: JSON.parse(about) as RowScoreAbout,
    known: float64sOf(data).reduce((count, score) => count + (Number.isNaN(score) ? 0 : 1), 0),
    madeAt,
  }));
}

/** What a score of the dataset was made from; null if it has none of this name. */
export function rowScoreAbout(db: ReadableDb, dataset: number, name: RowScoreName): RowScoreAbout | null {
  const about = value<string>(db, sql`SELECT about FROM row_scores WHERE dataset_key = ${dataset} AND name = ${name}`);
  return about === undefined ? null : (JSON.parse(about) as RowScoreAbout);
}

/** Null if the dataset has no score of this name. */
export function rowScoreColumn(db: ReadableDb, dataset: number, name: RowScoreName): Float64Array | null {
  const data = value<Uint8Array>(
    db,
    sql`SELECT data FROM row_scores WHERE dataset_key = ${dataset} AND name = ${name}`,
  );
  return data === undefined ? null : float64sOf(data);
}

/** Names of the scores that a dataset has. */
export function rowScoreNamesOf(db: ReadableDb, dataset: number): RowScoreName[] {
  return all<{ name: RowScoreName }>(
    db,
    sql`SELECT name FROM row_scores WHERE dataset_key = ${dataset} ORDER BY name`,
  ).map(({ name }) => name);
}

/**
 * Ids of the share of rows with the highest score, highest first and earlier first among equals; rows without one are never included.
 * Null if the dataset has no such score.
 */
export function rowsOfHighestScore(
  db: ReadableDb,
  datasetId: string,
  name: RowScoreName,
  share: number,
): string[] | null {
  const key = datasetKey(db, datasetId);
  const values = rowScoreColumn(db, key, name);
  if (values === null) return null;
  const known = Array.from(values.keys()).filter((row) => !Number.isNaN(values[row]));
  known.sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b);
  const wanted = new Set(known.slice(0, Math.round(share * values.length)));
  return idsOf(db, key).flatMap(({ row_key: row, row_id: id }) => (wanted.has(memberOf(row)) ? [id] : []));
}

/** Of these ids, those that the dataset has. */
export function knownRowIds(db: ReadableDb, datasetId: string, ids: readonly string[]): string[] {
  const key = datasetKey(db, datasetId);
  return ids.filter(
    (id) => value(db, sql`SELECT 1 FROM dataset_rows WHERE dataset_key = ${key} AND row_id = ${id}`) !== undefined,
  );
}

function idsOf(db: ReadableDb, key: number): { row_key: number; row_id: string }[] {
  return all(
    db,
    sql`SELECT row_key, row_id FROM dataset_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)} ORDER BY row_key`,
  );
}

export const rowScoreReads = { listRowScores, rowsOfHighestScore, knownRowIds };
export const rowScoreWrites = { putRowScore };
