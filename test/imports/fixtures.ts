import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import type { ImportEntry, ImportStream, Problem } from '../../src-main/imports/index.ts';

/** A folder of the test file's own, gone afterwards. */
export function tempFolder(): {
  path: (name: string) => string;
  write: (name: string, content: string | Uint8Array) => string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'flipguard-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write: (name, content) => {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), content);
      return path(name);
    },
  };
}

export function jsonl(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

export async function entriesOf<Row extends object>(stream: ImportStream<Row>): Promise<ImportEntry<Row>[]> {
  return collect(stream);
}

/** Rows and problems apart; a problem as `line reason field`. */
export async function read<Row extends object>(
  opening: Promise<ImportStream<Row>>,
): Promise<{ rows: Row[]; problems: string[]; stream: ImportStream<Row> }> {
  const stream = await opening;
  const rows: Row[] = [];
  const problems: string[] = [];
  for (const entry of await entriesOf(stream)) {
    if ('row' in entry) rows.push(entry.row);
    else problems.push(brief(entry.line, entry.problem));
  }
  return { rows, problems, stream };
}

function brief(line: number, { reason, field }: Problem): string {
  return field === undefined ? `${line} ${reason}` : `${line} ${reason} ${field}`;
}

/** The failure of an action as `code: message — remedy`. */
export async function failureOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    const { code, message, remedy } = error as { code?: string; message: string; remedy?: string };
    return `${code}: ${message}${remedy === undefined ? '' : ` — ${remedy}`}`;
  }
  return 'no failure';
}

const shared = resolve(import.meta.dirname, '../../../shared/data');
export const sharedIsThere = existsSync(shared);
/** Goes into the title of tests that need the shared data. */
export const sharedNote = sharedIsThere ? '' : ' (skipped: ../shared/data is not here)';

export function sharedPath(name: string): string {
  return join(shared, name);
}
