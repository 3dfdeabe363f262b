import { run, sql, value } from '../database.ts';
import { packKey } from '../keys.ts';
import { datasetKey } from './datasets.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

/** Marks rows or removes their marks. @param places From 0. Returns how many rows of the dataset are marked now. */
export function markDatasetRows(writer: Writer, datasetId: string, places: readonly number[], on: boolean): number {
  const { db } = writer;
  return change(writer, ['datasets'], () => {
    const key = datasetKey(db, datasetId);
    for (const place of places) {
      const row = packKey(key, place);
      if (on) {
        run(
          db,
          sql`INSERT OR IGNORE INTO marked_rows (row_key) SELECT row_key FROM dataset_rows WHERE row_key = ${row}`,
        );
      } else run(db, sql`DELETE FROM marked_rows WHERE row_key = ${row}`);
    }
    return (
      value<number>(
        db,
        sql`SELECT count(*) FROM marked_rows WHERE row_key >= ${packKey(key, 0)} AND row_key < ${packKey(key + 1, 0)}`,
      ) ?? 0
    );
  });
}

export const datasetMarkWrites = { markDatasetRows };
