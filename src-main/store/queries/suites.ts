import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { idOf, idOrNull } from '../../shared/domain/ids.ts';
import { itemKindOf } from '../../shared/domain/evaluations.ts';
import type { SuiteItem, SuiteKind } from '../../shared/domain/evaluations.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, one, prepare, run, sql, value } from '../database.ts';
import { firstKey, idFor, packKey } from '../keys.ts';
import { storable } from '../texts.ts';
import { duplicateId } from './datasets.ts';
import { change } from './marks.ts';
import type { Writer } from './marks.ts';

type SuiteSettings = Omit<
  SuiteRecord,
  'id' | 'name' | 'kind' | 'items' | 'sha256' | 'origin' | 'importId' | 'createdAt'
>;

interface SuiteRow {
  id: string;
  name: string;
  kind: SuiteKind;
  settings: string;
  items: number;
  sha256: string;
  origin: SuiteRecord['origin'];
  import_id: string | null;
  created_at: number;
}

const columns = `SELECT u.id, u.name, u.kind, u.settings, u.items, u.sha256, u.origin, i.id AS import_id, u.created_at
  FROM suites u LEFT JOIN imports i USING (import_key) WHERE u.state = 'ready'`;

export function listSuites(db: ReadableDb): SuiteRecord[] {
  return all<SuiteRow>(db, { text: `${columns} ORDER BY u.suite_key DESC`, values: [] }).map(suiteOf);
}

export function getSuite(db: ReadableDb, id: string): SuiteRecord | null {
  const row = one<SuiteRow>(db, { text: `${columns} AND u.id = ?`, values: [id] });
  return row === undefined ? null : suiteOf(row);
}

function suiteOf(row: SuiteRow): SuiteRecord {
  return {
    ...(JSON.parse(row.settings) as SuiteSettings),
    id: idOf('suite', row.id),
    name: row.name,
    kind: row.kind,
    items: row.items,
    sha256: row.sha256,
    origin: row.origin,
    importId: idOrNull('import', row.import_id),
    createdAt: row.created_at,
  };
}

export function suiteKey(db: ReadableDb, id: string): number {
  const key = value<number>(db, sql`SELECT suite_key FROM suites WHERE id = ${id} AND state = 'ready'`);
  if (key === undefined) throw new WorkbenchError('not-found', 'This suite is not in the workspace');
  return key;
}

export function suiteItems(db: ReadableDb, id: string, offset: number, limit: number): SuiteItem[] {
  const key = suiteKey(db, id);
  return all<{ body: string }>(
    db,
    sql`SELECT body FROM suite_items WHERE item_key >= ${packKey(key, offset)} AND item_key < ${firstKey(key + 1)}
        ORDER BY item_key LIMIT ${limit}`,
  ).map((row) => JSON.parse(row.body) as SuiteItem);
}

export type SuiteHead = SuiteSettings & Pick<SuiteRecord, 'name' | 'kind' | 'origin'> & { id?: string };

/** A suite while its items arrive. */
export class SuiteDraft {
  readonly key: number;
  readonly id: string;
  readonly kind: SuiteKind;
  readonly #db: WritableDb;
  readonly #sha: Hash = createHash('sha256');
  rows = 0;

  constructor(db: WritableDb, owner: string, head: SuiteHead) {
    const { id, name, kind, origin, ...settings } = head;
    this.#db = db;
    this.kind = kind;
    this.id = idFor('suite', id);
    this.key = run(
      db,
      sql`INSERT INTO suites (id, name, kind, settings, origin, created_at, state, owner)
          VALUES (${this.id}, ${name}, ${kind}, ${JSON.stringify(settings)}, ${origin}, ${Date.now()}, 'receiving', ${owner})`,
    ).key;
  }

  add(items: readonly SuiteItem[]): void {
    const insert = prepare(
      this.#db,
      'INSERT INTO suite_items (item_key, suite_key, item_id, body) VALUES (?, ?, ?, ?)',
    );
    items.forEach((item, index) => {
      if (item.kind !== itemKindOf(this.kind)) {
        throw new WorkbenchError('bad-input', `Item “${item.id}” is a ${item.kind} item in a ${this.kind} suite`);
      }
      try {
        insert.run(
          packKey(this.key, this.rows + index),
          this.key,
          item.id,
          storable(JSON.stringify(item), `item “${item.id}”`),
        );
      } catch (error) {
        throw duplicateId(error, item.id) ?? error;
      }
    });
    for (const item of items) this.#sha.update(JSON.stringify(item)).update('\n');
    this.rows += items.length;
  }

  finish(importKey: number | null): void {
    run(
      this.#db,
      sql`UPDATE suites SET items = ${this.rows}, sha256 = ${this.#sha.digest('hex')}, import_key = ${importKey},
          state = 'ready', owner = NULL WHERE suite_key = ${this.key}`,
    );
  }
}

/**
 * One more item at the end of a suite. Earlier evaluations keep the items they had: they pair by sample.
 * Throws `not-found`, and `conflict` if the suite has an item of this id.
 */
function addSuiteItem(writer: Writer, suiteId: string, item: SuiteItem): void {
  const { db } = writer;
  change(writer, ['suites'], () => {
    const key = suiteKey(db, suiteId);
    const bodies = all<{ body: string; item_id: string }>(
      db,
      sql`SELECT body, item_id FROM suite_items WHERE item_key >= ${firstKey(key)} AND item_key < ${firstKey(key + 1)}
          ORDER BY item_key`,
    );
    if (bodies.some(({ item_id }) => item_id === item.id)) {
      throw new WorkbenchError('conflict', 'This suite has this prompt already.', { remedy: 'Choose another suite.' });
    }
    const body = storable(JSON.stringify(item), `item “${item.id}”`);
    const sha = createHash('sha256');
    for (const known of bodies) sha.update(known.body).update('\n');
    sha.update(body).update('\n');
    run(
      db,
      sql`INSERT INTO suite_items (item_key, suite_key, item_id, body)
          VALUES (${packKey(key, bodies.length)}, ${key}, ${item.id}, ${body})`,
    );
    run(
      db,
      sql`UPDATE suites SET items = ${bodies.length + 1}, sha256 = ${sha.digest('hex')} WHERE suite_key = ${key}`,
    );
  });
}

export const suiteWrites = { addSuiteItem };
export const suiteReads = { listSuites, getSuite, suiteItems };
