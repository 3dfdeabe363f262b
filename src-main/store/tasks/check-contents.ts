import { createHash } from 'node:crypto';
import type { ReadableDb } from '../database.ts';
import { all, each, inSnapshot, sql, value } from '../database.ts';
import { firstKey } from '../keys.ts';

/** A list whose number of rows differs from its record, or dangling references. */
export interface ContentFault {
  what: 'dataset' | 'suite' | 'evaluation' | 'references';
  name: string;
  recorded: number;
  found: number;
  /** As many rows as recorded, but not the same ones. */
  changed?: boolean;
}

interface Counted {
  what: Exclude<ContentFault['what'], 'references'>;
  key: number;
  name: string;
  recorded: number;
  sha256: string;
}

/**
 * Counts the rows of everything that says how many it has, compares datasets and suites with their digests, and looks for
 * dangling references.
 */
export async function checkContents(
  db: ReadableDb,
  emit: (done: { fraction: number }) => Promise<void>,
): Promise<ContentFault[]> {
  const owners = all<Counted>(
    db,
    sql`SELECT 'dataset' AS what, dataset_key AS key, name, rows AS recorded, sha256 FROM datasets WHERE state = 'ready'
        UNION ALL SELECT 'suite', suite_key, name, items, sha256 FROM suites WHERE state = 'ready'
        UNION ALL SELECT 'evaluation', evaluation_key, name, samples, '' FROM evaluations WHERE state = 'ready'`,
  );
  const faults: ContentFault[] = [];
  for (const [i, owner] of owners.entries()) {
    const { what, key, name, recorded, sha256 } = owner;
    const found = rowsOf(db, what, key);
    if (found !== recorded) faults.push({ what, name, recorded, found });
    else if (sha256 !== '' && digestOf(db, what, key) !== sha256) {
      faults.push({ what, name, recorded, found, changed: true });
    }
    await emit({ fraction: (i + 1) / (owners.length + 1) });
  }
  const broken = inSnapshot(db, () => all<{ table: string }>(db, sql`PRAGMA foreign_key_check`));
  for (const table of new Set(broken.map((row) => row.table))) {
    const found = broken.filter((row) => row.table === table).length;
    faults.push({ what: 'references', name: table, recorded: 0, found });
  }
  return faults;
}

/** Computed as when the rows came in: each row as it is stored, one per line. */
function digestOf(db: ReadableDb, what: Counted['what'], key: number): string {
  const [from, to] = [firstKey(key), firstKey(key + 1)];
  const rows =
    what === 'dataset'
      ? sql`SELECT body FROM dataset_rows WHERE row_key >= ${from} AND row_key < ${to} ORDER BY row_key`
      : sql`SELECT body FROM suite_items WHERE item_key >= ${from} AND item_key < ${to} ORDER BY item_key`;
  const sha = createHash('sha256');
  for (const { body } of each<{ body: string }>(db, rows)) sha.update(body).update('\n');
  return sha.digest('hex');
}

function rowsOf(db: ReadableDb, what: Counted['what'], key: number): number {
  const [from, to] = [firstKey(key), firstKey(key + 1)];
  switch (what) {
    case 'dataset':
      return (
        value<number>(db, sql`SELECT count(*) FROM dataset_rows WHERE row_key >= ${from} AND row_key < ${to}`) ?? 0
      );
    case 'suite':
      return (
        value<number>(db, sql`SELECT count(*) FROM suite_items WHERE item_key >= ${from} AND item_key < ${to}`) ?? 0
      );
    case 'evaluation':
      return value<number>(db, sql`SELECT count(*) FROM scores WHERE score_key >= ${from} AND score_key < ${to}`) ?? 0;
  }
}
