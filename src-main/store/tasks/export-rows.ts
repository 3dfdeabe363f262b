import { appendFileSync, closeSync, openSync } from 'node:fs';
import { makeWholeSync } from '../../system/whole-file.ts';
import type { ReadableDb } from '../database.ts';
import { each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';
import { datasetKey } from '../queries/datasets.ts';
import { suiteKey } from '../queries/suites.ts';
import { fileError } from './file-error.ts';

/** Characters gathered before they are written. */
const chunkCharacters = 1 << 20;

export function exportDatasetRows(
  db: ReadableDb,
  id: string,
  path: string,
  skip: ReadonlySet<string>,
): { rows: number } {
  const key = datasetKey(db, id);
  const rows = each<{ row_id: string; body: string }>(
    db,
    sql`SELECT row_id, body FROM dataset_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)} ORDER BY row_key`,
  );
  return { rows: writeLines(path, bodies(rows, skip)) };
}

function* bodies(rows: Iterable<{ row_id: string; body: string }>, skip: ReadonlySet<string>): Iterable<string> {
  for (const row of rows) if (!skip.has(row.row_id)) yield row.body;
}

export function exportSuiteItems(db: ReadableDb, id: string, path: string): { items: number } {
  const key = suiteKey(db, id);
  const rows = each<{ row_id: string; body: string }>(
    db,
    sql`SELECT item_id AS row_id, body FROM suite_items WHERE item_key >= ${firstKey(key)} AND item_key < ${firstKey(key + 1)} ORDER BY item_key`,
  );
  return { items: writeLines(path, bodies(rows, new Set())) };
}

function writeLines(path: string, lines: Iterable<string>): number {
  try {
    return makeWholeSync(path, (draft) => {
      const file = openSync(draft, 'wx', 0o600);
      try {
        return appendLines(file, lines);
      } finally {
        closeSync(file);
      }
    });
  } catch (error) {
    throw fileError(path, error);
  }
}

function appendLines(file: number, lines: Iterable<string>): number {
  let chunk = '';
  let count = 0;
  for (const line of lines) {
    chunk += `${line}\n`;
    count++;
    if (chunk.length < chunkCharacters) continue;
    appendFileSync(file, chunk);
    chunk = '';
  }
  appendFileSync(file, chunk);
  return count;
}
