import type { ReadableDb, WritableDb } from '../database.ts';
import { run, sql, value } from '../database.ts';

/** The most entries in a cache of interned texts; a full one is emptied, not grown. */
const cacheEntries = 50_000;

/** Repeating texts as small integers. 0 means none. One per connection that writes. */
export class Interned {
  readonly #db: WritableDb;
  readonly #names = new Map<string, number>();
  readonly #sliceSets = new Map<string, number>();

  constructor(db: WritableDb) {
    this.#db = db;
  }

  name(text: string): number {
    return remember(this.#names, text, () => {
      const known = value<number>(this.#db, sql`SELECT name_key FROM names WHERE name = ${text}`);
      return known ?? run(this.#db, sql`INSERT INTO names (name) VALUES (${text})`).key;
    });
  }

  /** The order of slices does not matter, nor do repetitions. */
  sliceSet(slices: readonly string[] | undefined): number {
    if (slices === undefined || slices.length === 0) return 0;
    const text = JSON.stringify([...new Set(slices)].sort());
    return remember(this.#sliceSets, text, () => {
      const known = value<number>(this.#db, sql`SELECT set_key FROM slice_sets WHERE names = ${text}`);
      return known ?? run(this.#db, sql`INSERT INTO slice_sets (names) VALUES (${text})`).key;
    });
  }

  /** After a rollback the remembered keys may not exist. */
  forget(): void {
    this.#names.clear();
    this.#sliceSets.clear();
  }
}

function remember(cache: Map<string, number>, text: string, find: () => number): number {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const key = find();
  if (cache.size >= cacheEntries) cache.clear();
  cache.set(text, key);
  return key;
}

export function sliceNames(db: ReadableDb, setKey: number): string[] {
  return setKey === 0 ? [] : (JSON.parse(sliceText(db, setKey)) as string[]);
}

/** Slices of each row in a list, since hundreds of rows are on a screen; the open sample shows all. */
export const listedSlices = 20;
/** A set may have hundreds of thousands: names are taken from the beginning of its text. */
const listedCharacters = 8000;

/** The first slices of a set by name. */
export function firstSlices(db: ReadableDb, setKey: number): string[] {
  if (setKey === 0) return [];
  const text =
    value<string>(db, sql`SELECT substr(names, 1, ${listedCharacters}) FROM slice_sets WHERE set_key = ${setKey}`) ??
    '';
  // Complete JSON strings only: one that was cut has no end.
  const names = text.match(/"(?:[^"\\]|\\.)*"(?=[,\]])/gu) ?? [];
  return names.slice(0, listedSlices).map((name) => JSON.parse(name) as string);
}

/** The names of a set, as the JSON array that is stored. */
export function sliceText(db: ReadableDb, setKey: number): string {
  return value<string>(db, sql`SELECT names FROM slice_sets WHERE set_key = ${setKey}`) ?? '[]';
}

export function nameOf(db: ReadableDb, nameKey: number): string | null {
  return value<string>(db, sql`SELECT name FROM names WHERE name_key = ${nameKey}`) ?? null;
}

/** Finds or makes the scope in which sample ids mean the same thing. */
export function scopeKey(db: WritableDb, name: string): number {
  const known = value<number>(db, sql`SELECT scope_key FROM scopes WHERE name = ${name}`);
  return known ?? run(db, sql`INSERT INTO scopes (name) VALUES (${name})`).key;
}
