import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { contentHash, promptHash } from '../../content-hash.ts';
import { plainText } from '../../shared/domain/datasets.ts';
import type { DatasetKind, DatasetRow } from '../../shared/domain/datasets.ts';
import type { VersionRecipe } from '../../shared/domain/data/row-view.ts';
import type { DatasetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { idOf, idOrNull } from '../../shared/domain/ids.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, one, prepare, run, sql, value } from '../database.ts';
import { firstKey, memberOf, newId, packKey } from '../keys.ts';
import { storable } from '../texts.ts';
import { Lengths } from './lengths.ts';
import { requestRowIndex } from './row-index.ts';

interface DatasetTableRow {
  id: string;
  name: string;
  kind: DatasetKind;
  rows: number;
  sha256: string;
  import_id: string | null;
  created_at: number;
  statistics: string;
  parent_id: string | null;
  recipe: string | null;
  licence: string | null;
}

const columns = `SELECT d.id, d.name, d.kind, d.rows, d.sha256, i.id AS import_id, d.created_at, d.statistics,
  d.parent_id, d.recipe, d.licence
  FROM datasets d LEFT JOIN imports i USING (import_key) WHERE d.state = 'ready'`;

export function listDatasets(db: ReadableDb): DatasetRecord[] {
  return all<DatasetTableRow>(db, { text: `${columns} ORDER BY d.dataset_key DESC`, values: [] }).map(datasetOf);
}

export function getDataset(db: ReadableDb, id: string): DatasetRecord | null {
  const row = one<DatasetTableRow>(db, { text: `${columns} AND d.id = ?`, values: [id] });
  return row === undefined ? null : datasetOf(row);
}

function datasetOf(row: DatasetTableRow): DatasetRecord {
  return {
    id: idOf('dataset', row.id),
    name: row.name,
    kind: row.kind,
    rows: row.rows,
    sha256: row.sha256,
    importId: idOrNull('import', row.import_id),
    createdAt: row.created_at,
    statistics: JSON.parse(row.statistics) as DatasetRecord['statistics'],
    ...(row.parent_id === null ? {} : { parentId: idOf('dataset', row.parent_id) }),
    ...(row.recipe === null ? {} : { recipe: JSON.parse(row.recipe) as VersionRecipe }),
    ...(row.licence === null ? {} : { licence: row.licence }),
  };
}

export function datasetKey(db: ReadableDb, id: string): number {
  const key = value<number>(db, sql`SELECT dataset_key FROM datasets WHERE id = ${id} AND state = 'ready'`);
  if (key === undefined) throw new WorkbenchError('not-found', 'This dataset is not in the workspace');
  return key;
}

export function datasetRows(db: ReadableDb, id: string, offset: number, limit: number): DatasetRow[] {
  const key = datasetKey(db, id);
  return all<{ body: string }>(
    db,
    sql`SELECT body FROM dataset_rows WHERE row_key >= ${packKey(key, offset)} AND row_key < ${firstKey(key + 1)}
        ORDER BY row_key LIMIT ${limit}`,
  ).map((row) => JSON.parse(row.body) as DatasetRow);
}

/** Rows at some places, from 0, in the order of the places. */
export function datasetRowsAt(db: ReadableDb, id: string, places: readonly number[]): DatasetRow[] {
  const key = datasetKey(db, id);
  return places.flatMap((place) => {
    const body = value<string>(db, sql`SELECT body FROM dataset_rows WHERE row_key = ${packKey(key, place)}`);
    return body === undefined ? [] : [JSON.parse(body) as DatasetRow];
  });
}

/** Place of the row with this id in its dataset, from 0; null if there is none. */
export function datasetRowPosition(db: ReadableDb, id: string, rowId: string): number | null {
  const key = datasetKey(db, id);
  const found = value<number>(
    db,
    sql`SELECT row_key FROM dataset_rows WHERE dataset_key = ${key} AND row_id = ${rowId}`,
  );
  return found === undefined ? null : memberOf(found);
}

export interface DatasetHead {
  name: string;
  kind: DatasetKind;
  /** For a version: the dataset it was made from, and how. */
  version?: { parentId: string; recipe: VersionRecipe };
  /** As the source names it. */
  licence?: string;
}

/** A dataset while its rows arrive: everything in its record is gathered along the way. */
export class DatasetDraft {
  readonly key: number;
  readonly id: string;
  readonly kind: DatasetKind;
  readonly #db: WritableDb;
  readonly #sha: Hash = createHash('sha256');
  readonly #lengths = new Lengths();
  rows = 0;

  constructor(db: WritableDb, owner: string, head: DatasetHead) {
    this.#db = db;
    this.kind = head.kind;
    this.id = newId('dataset');
    this.key = run(
      db,
      sql`INSERT INTO datasets (id, name, kind, created_at, state, owner, parent_id, recipe, licence)
          VALUES (${this.id}, ${head.name}, ${head.kind}, ${Date.now()}, 'receiving', ${owner}, ${head.version?.parentId ?? null},
                  ${head.version === undefined ? null : JSON.stringify(head.version.recipe)}, ${head.licence ?? null})`,
    ).key;
  }

  add(rows: readonly DatasetRow[]): void {
    const insert = prepare(
      this.#db,
      'INSERT INTO dataset_rows (row_key, dataset_key, row_id, content_hash, prompt_hash, body) VALUES (?, ?, ?, ?, ?, ?)',
    );
    rows.forEach((row, index) => {
      if (row.kind !== this.kind) {
        throw new WorkbenchError('bad-input', `Row “${row.id}” is a ${row.kind} row in a ${this.kind} dataset`);
      }
      const body = storable(JSON.stringify(row), `row “${row.id}”`);
      const { content, prompt } = rowHashes(row);
      try {
        insert.run(packKey(this.key, this.rows + index), this.key, row.id, content, prompt, body);
      } catch (error) {
        throw duplicateId(error, row.id) ?? error;
      }
    });
    // Only now: a batch that fails is rolled back as a whole and must leave no trace in hash and statistics.
    for (const row of rows) {
      this.#sha.update(JSON.stringify(row)).update('\n');
      this.#measure(row);
    }
    this.rows += rows.length;
  }

  finish(importKey: number | null): void {
    run(
      this.#db,
      sql`UPDATE datasets SET rows = ${this.rows}, sha256 = ${this.#sha.digest('hex')}, import_key = ${importKey},
          statistics = ${JSON.stringify(this.#lengths.summary())}, state = 'ready', owner = NULL
          WHERE dataset_key = ${this.key}`,
    );
    requestRowIndex(this.#db, this.key, this.rows);
  }

  #measure(row: DatasetRow): void {
    const texts = Object.entries(row).filter(([name]) => measured.has(name));
    for (const [name, text] of texts) this.#lengths.add(name, plainText(text as string).length);
  }
}

const measured = new Set(['prompt', 'chosen', 'rejected', 'completion']);

/** What a training row is matched to the samples of evaluations by. */
export function rowHashes(row: DatasetRow): { content: Buffer; prompt: Buffer } {
  const prompt = plainText(row.prompt);
  return { content: contentHash(prompt, wantedOf(row)), prompt: promptHash(prompt) };
}

/** What a row asks for: the part of its content that an evaluation calls the target. */
function wantedOf(row: DatasetRow): string | null {
  switch (row.kind) {
    case 'preference':
      return plainText(row.chosen);
    case 'completion':
    case 'unpaired':
      return plainText(row.completion);
    case 'prompt':
      return row.target ?? null;
  }
}

export function duplicateId(error: unknown, id: string): WorkbenchError | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code !== 'SQLITE_CONSTRAINT_UNIQUE') return null;
  return new WorkbenchError('bad-input', `Two rows have the id “${id}”; ids must be unique`, {
    remedy: 'Map another field to id, or leave it out so that rows are numbered.',
    place: { field: 'id' },
  });
}

export const datasetReads = { listDatasets, getDataset, datasetRows, datasetRowsAt, datasetRowPosition };
