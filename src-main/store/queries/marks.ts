import type { StoreChange } from '../api.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { isAlive as isProcessAlive } from '../../system/alive.ts';
import { all, inTransaction, run, sql, value } from '../database.ts';

export type ListName = StoreChange['tables'][number];

/** The writing side of a store: its connection and the name under which it owns unfinished work (`pid:random:birth`). */
export interface Writer {
  readonly db: WritableDb;
  readonly owner: string;
}

/** A transaction that tells other programs which lists it changed. */
export function change<T>(writer: Writer, lists: readonly ListName[], body: () => T): T {
  return inTransaction(writer.db, () => {
    const result = body();
    for (const list of lists) mark(writer, list);
    return result;
  });
}

function mark({ db, owner }: Writer, list: ListName): void {
  run(
    db,
    sql`INSERT INTO change_marks (writer, list, version) VALUES (${owner}, ${list}, 1)
        ON CONFLICT (writer, list) DO UPDATE SET version = version + 1`,
  );
}

export interface ChangeMark {
  writer: string;
  list: ListName;
  version: number;
}

export function readMarks(db: ReadableDb): ChangeMark[] {
  return all<ChangeMark>(db, sql`SELECT writer, list, version FROM change_marks`);
}

/** Folds the counts of programs that are gone into one, so that the table does not grow with every start. */
export function foldMarks({ db }: Writer): void {
  inTransaction(db, () => {
    for (const { writer, list, version } of readMarks(db)) {
      if (writer === gone || isAlive(writer)) continue;
      run(
        db,
        sql`INSERT INTO change_marks (writer, list, version) VALUES (${gone}, ${list}, ${version})
            ON CONFLICT (writer, list) DO UPDATE SET version = version + excluded.version`,
      );
      run(db, sql`DELETE FROM change_marks WHERE writer = ${writer} AND list = ${list}`);
    }
  });
}

const gone = 'gone';

/** Whether the program behind an owner still runs on this machine. */
export function isAlive(owner: string): boolean {
  const [pid, , born = ''] = owner.split(':');
  if (!/^[1-9][0-9]*$/.test(pid ?? '')) return false;
  return isProcessAlive({ pid: Number(pid), born: born === '' ? null : born });
}

/** Versions of each list by the programs that wrote them, other than `owner`; null if nothing changed since the last call. */
export function foreignMarks(db: ReadableDb, owner: string): () => Record<string, number> | null {
  let seen = -1;
  return () => {
    const version = value<number>(db, { text: 'PRAGMA data_version', values: [] }) ?? 0;
    if (version === seen) return null;
    seen = version;
    const foreign = readMarks(db).filter((mark) => mark.writer !== owner);
    return Object.fromEntries(foreign.map((mark) => [`${mark.list} ${mark.writer}`, mark.version]));
  };
}
