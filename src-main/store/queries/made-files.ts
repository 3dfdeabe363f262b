import type { ReadableDb } from '../database.ts';
import { all, inTransaction, run, sql, value } from '../database.ts';
import type { Writer } from './marks.ts';

/** A file that the workbench made for somebody to take, in a folder of its own. */
export interface MadeFile {
  place: 'uploads' | 'exports';
  /** Name of its folder in `place`. */
  folder: string;
  name: string;
  /** Size and modification time when it was finished; null if it never was. */
  sizeBytes: number | null;
  modifiedMs: number | null;
  createdAt: number;
  /** On how many days the workspace had been used when it was made. */
  madeOn: number;
}

export function listMadeFiles(db: ReadableDb): MadeFile[] {
  return all<MadeFile>(
    db,
    sql`SELECT place, folder, name, size_bytes AS sizeBytes, modified_ms AS modifiedMs, created_at AS createdAt, made_on AS madeOn
        FROM made_files ORDER BY file_key`,
  );
}

/** Notes that the workspace is used on this day (days since epoch), and returns the number of such days. */
export function noteDayOfUse({ db }: Writer, day: number): number {
  return inTransaction(db, () => {
    run(db, sql`INSERT OR IGNORE INTO days_used (day) VALUES (${day})`);
    return value<number>(db, sql`SELECT count(*) FROM days_used`) ?? 0;
  });
}

/** Lists a file before it is made, so that what a power cut leaves behind is known. */
export function addMadeFile({ db }: Writer, file: Omit<MadeFile, 'sizeBytes' | 'modifiedMs'>): void {
  const { place, folder, name, createdAt, madeOn } = file;
  inTransaction(db, () =>
    run(
      db,
      sql`INSERT INTO made_files (place, folder, name, created_at, made_on)
          VALUES (${place}, ${folder}, ${name}, ${createdAt}, ${madeOn})`,
    ),
  );
}

export function finishMadeFile(
  { db }: Writer,
  { place, folder, sizeBytes, modifiedMs }: Pick<MadeFile, 'place' | 'folder' | 'sizeBytes' | 'modifiedMs'>,
): void {
  inTransaction(db, () =>
    run(
      db,
      sql`UPDATE made_files SET size_bytes = ${sizeBytes}, modified_ms = ${modifiedMs}
          WHERE place = ${place} AND folder = ${folder}`,
    ),
  );
}

export function forgetMadeFile({ db }: Writer, place: string, folder: string): void {
  inTransaction(db, () => run(db, sql`DELETE FROM made_files WHERE place = ${place} AND folder = ${folder}`));
}

export const madeFileReads = { listMadeFiles };
export const madeFileWrites = { noteDayOfUse, addMadeFile, finishMadeFile, forgetMadeFile };
