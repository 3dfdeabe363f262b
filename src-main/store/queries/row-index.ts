import { rowTexts } from '../../shared/domain/data/row-texts.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, inTransaction, one, prepare, run, sql } from '../database.ts';
import { firstKey } from '../keys.ts';

/** Datasets with fewer rows are searched by reading them, which takes less time than a person notices. */
export const indexedFrom = 20_000;
/** Rows indexed in one transaction: about 30 ms. */
const rowsAtOnce = 500;

/** Has the words of a dataset indexed in the background, if it is big. */
export function requestRowIndex(db: WritableDb, dataset: number, rows: number): void {
  if (rows < indexedFrom) return;
  run(
    db,
    sql`INSERT OR IGNORE INTO row_index (dataset_key, indexed_to, complete) VALUES (${dataset}, ${firstKey(dataset) - 1}, 0)`,
  );
}

/** Rows beyond this key are not in the index. */
export function rowsIndexedTo(db: ReadableDb, dataset: number): number {
  const row = one<{ indexed_to: number }>(db, sql`SELECT indexed_to FROM row_index WHERE dataset_key = ${dataset}`);
  return row?.indexed_to ?? firstKey(dataset) - 1;
}

/** Indexes the next rows. Returns false when everything that was asked for is indexed. */
export function indexRowsOnce(db: WritableDb): boolean {
  if (nextDataset(db) === undefined) return false;
  inTransaction(db, () => {
    const next = nextDataset(db);
    if (next === undefined) return;
    const rows = all<{ row_key: number; body: string }>(
      db,
      sql`SELECT row_key, body FROM dataset_rows WHERE row_key > ${next.indexed_to} AND row_key < ${firstKey(next.dataset_key + 1)}
          ORDER BY row_key LIMIT ${rowsAtOnce}`,
    );
    const words = prepare(db, 'INSERT INTO row_words (rowid, body) VALUES (?, ?)');
    for (const { row_key: key, body } of rows) words.run(key, searchedText(JSON.parse(body) as DatasetRow));
    const last = rows.at(-1)?.row_key;
    if (last === undefined) run(db, sql`UPDATE row_index SET complete = 1 WHERE dataset_key = ${next.dataset_key}`);
    else run(db, sql`UPDATE row_index SET indexed_to = ${last} WHERE dataset_key = ${next.dataset_key}`);
  });
  return true;
}

function nextDataset(db: ReadableDb): { dataset_key: number; indexed_to: number } | undefined {
  return one(db, sql`SELECT dataset_key, indexed_to FROM row_index WHERE complete = 0 ORDER BY dataset_key LIMIT 1`);
}

export function searchedText(row: DatasetRow): string {
  const { prompt, answers } = rowTexts(row);
  return [prompt, ...answers].join('\n');
}
