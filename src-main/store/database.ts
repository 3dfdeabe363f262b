import Database from 'better-sqlite3';
import { WorkbenchError } from '../shared/domain/errors.ts';

declare const readable: unique symbol;
declare const writable: unique symbol;

/** What SQLite stores. Integers beyond 2^53 do not occur: packed keys stay below 2^52 (`keys.ts`). */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** A connection that may read. The brands are types only: handing a reader to a function that writes does not compile. */
export interface ReadableDb {
  readonly [readable]: true;
  readonly raw: Database.Database;
  /** By row shape, then text: a combined key would be built and hashed again for each row that is written. */
  readonly statements: Readonly<Record<RowShape, Map<string, Database.Statement>>>;
}
export interface WritableDb extends ReadableDb {
  readonly [writable]: true;
}

/** A statement with its values; made by the `sql` tag only, so that values never become part of the text. */
export interface Query {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

const texts = new WeakMap<TemplateStringsArray, string>();

/** `sql\`SELECT … WHERE id = ${id}\``: every `${}` is a bound value, never text. */
export function sql(strings: TemplateStringsArray, ...values: SqlValue[]): Query {
  let text = texts.get(strings);
  if (text === undefined) {
    text = strings.join('?');
    texts.set(strings, text);
  }
  return { text, values };
}

/** What a statement returns per row: an object, an array of columns, or the first column alone. */
export type RowShape = 'object' | 'array' | 'value';

/**
 * A prepared statement, kept for the life of the connection. `text` is a constant of this program, never input. The shape is part of
 * the cache key: a statement switched with `pluck()` or `raw()` would return rows in a shape that others with the same text do not expect.
 */
export function prepare(db: ReadableDb, text: string, shape: RowShape = 'object'): Database.Statement {
  const known = db.statements[shape];
  let statement = known.get(text);
  if (statement === undefined) {
    statement = db.raw.prepare(text);
    if (shape === 'array') statement.raw();
    if (shape === 'value') statement.pluck();
    known.set(text, statement);
  }
  return statement;
}

// The row types are the caller's claim about the columns it named; STRICT tables keep the claim true.
export function all<Row>(db: ReadableDb, query: Query): Row[] {
  return prepare(db, query.text).all(...query.values) as Row[];
}

export function one<Row>(db: ReadableDb, query: Query): Row | undefined {
  return prepare(db, query.text).get(...query.values) as Row | undefined;
}

/** First column of the first row. */
export function value<T>(db: ReadableDb, query: Query): T | undefined {
  const row = one<Record<string, T>>(db, query);
  return row === undefined ? undefined : Object.values(row)[0];
}

/** Rows one at a time; nothing else may run on the connection meanwhile. */
export function each<Row>(db: ReadableDb, query: Query): IterableIterator<Row> {
  return prepare(db, query.text).iterate(...query.values) as IterableIterator<Row>;
}

export function run(db: WritableDb, query: Query): { changes: number; key: number } {
  const info = prepare(db, query.text).run(...query.values);
  return { changes: info.changes, key: Number(info.lastInsertRowid) };
}

/** All or nothing. Inside another transaction the body simply becomes part of it. */
export function inTransaction<T>(db: WritableDb, body: () => T): T {
  if (db.raw.inTransaction) return body();
  db.raw.exec('BEGIN IMMEDIATE');
  try {
    const result = body();
    db.raw.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite has rolled back already after a full disk; a second ROLLBACK would hide the reason.
    if (db.raw.inTransaction) db.raw.exec('ROLLBACK');
    throw error;
  }
}

/** One consistent state for all reads of the body. */
export function inSnapshot<T>(db: ReadableDb, body: () => T): T {
  db.raw.exec('BEGIN');
  try {
    return body();
  } finally {
    if (db.raw.inTransaction) db.raw.exec('COMMIT');
  }
}

export interface OpenOptions {
  /** The file may not grow beyond this; SQLite then fails as on a full disk. */
  maxBytes?: number;
}

const busyTimeoutMs = 10_000;

/** `inspect` may refuse the file before anything in it is touched. */
export function openForWriting(
  path: string,
  options: OpenOptions = {},
  inspect: (db: ReadableDb) => void = () => undefined,
): WritableDb {
  const raw = new Database(path, { timeout: busyTimeoutMs });
  try {
    inspect(brand(raw));
    raw.pragma('journal_mode = WAL');
    // FULL: what was acknowledged survives a power cut too; it costs one flush (about 0.3 ms) per transaction.
    raw.pragma('synchronous = FULL');
    raw.pragma('foreign_keys = ON');
    raw.pragma('trusted_schema = OFF');
    raw.pragma('cache_size = -65536');
    raw.pragma('temp_store = MEMORY');
    // Pages of 4 kB. On a full disk the log can only be emptied into the database with this much room (the workspace's reserve).
    raw.pragma('wal_autocheckpoint = 1000');
    raw.pragma('journal_size_limit = 67108864');
    if (options.maxBytes !== undefined) {
      raw.pragma(
        `max_page_count = ${Math.floor(options.maxBytes / Number(raw.pragma('page_size', { simple: true })))}`,
      );
    }
  } catch (error) {
    raw.close();
    throw error;
  }
  return brand(raw) as WritableDb;
}

export function openForReading(path: string): ReadableDb {
  const raw = new Database(path, { timeout: busyTimeoutMs, readonly: true, fileMustExist: true });
  raw.pragma('trusted_schema = OFF');
  raw.pragma('cache_size = -32768');
  raw.pragma('temp_store = MEMORY');
  raw.pragma('mmap_size = 1073741824');
  return brand(raw);
}

function brand(raw: Database.Database): ReadableDb {
  // The brand does not exist at run time; this is the one place that grants it.
  return { raw, statements: { object: new Map(), array: new Map(), value: new Map() } } as unknown as ReadableDb;
}

/** SQLite's failures in the workbench's words: disk, permission and damage are expected, anything else is a bug. */
export function translateSqliteError(error: unknown, path: string): unknown {
  // Raised by better-sqlite3 itself, before SQLite is called.
  if (error instanceof TypeError && error.message.includes('directory does not exist')) {
    return new WorkbenchError('io', `The folder of the workspace is not there (any more): ${path}`, {
      remedy: 'Check whether it was moved or deleted meanwhile, or choose another workspace folder.',
      cause: error,
    });
  }
  if (!(error instanceof Database.SqliteError)) return error;
  const report = sqliteReports.find(({ codes }) => codes.some((code) => error.code.startsWith(code)));
  if (report === undefined) return error;
  return new WorkbenchError(report.kind, `${report.message} (${path}: ${error.message})`, {
    remedy: report.remedy,
    cause: error,
  });
}

export function isReadOnlyError(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_READONLY');
}

const sqliteReports = [
  {
    // The log's index is the first file that opening creates: if it cannot grow, the disk is full.
    codes: ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'],
    kind: 'io',
    message: 'The disk is full; nothing of this step was written',
    remedy: 'Free some space on the disk that holds the workspace, then try again.',
  },
  {
    codes: ['SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PERM', 'SQLITE_AUTH'],
    kind: 'io',
    message: 'The workspace cannot be written',
    remedy: 'Check that the folder exists and that you may write to it, or choose another workspace folder.',
  },
  {
    codes: ['SQLITE_BUSY', 'SQLITE_LOCKED'],
    kind: 'io',
    message: 'Another program kept the workspace locked for too long',
    remedy: 'Wait until the other program has finished its work, then try again.',
  },
  {
    codes: ['SQLITE_CORRUPT', 'SQLITE_NOTADB'],
    kind: 'corrupt',
    message: 'The workspace file is damaged or is not a workspace',
    remedy: 'Restore the newest file from the “backups” folder of the workspace, or import an exported workspace.',
  },
  {
    codes: ['SQLITE_IOERR'],
    kind: 'io',
    message: 'The disk reported a failure',
    remedy: 'Check that the disk that holds the workspace is whole and has space left. Network folders often fail so.',
  },
  {
    codes: ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'],
    kind: 'conflict',
    message: 'Something with this id is in the workspace already',
    remedy: 'Leave the id out, so that a new one is generated.',
  },
  {
    codes: ['SQLITE_CONSTRAINT_FOREIGNKEY'],
    kind: 'conflict',
    message: 'Something in the workspace depends on this, or this depends on something that is not there',
    remedy: 'See what was removed or written at the same time, then try again.',
  },
  {
    codes: ['SQLITE_TOOBIG'],
    kind: 'bad-input',
    message: 'A field is too large to be stored',
    remedy: 'Shorten the field.',
  },
] as const;
