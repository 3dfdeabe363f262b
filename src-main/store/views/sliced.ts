import type { ReadableDb } from '../database.ts';
import { firstSlices, sliceNames, sliceText } from '../queries/names.ts';
import { keepNewest } from './newest.ts';
import { makeSliceIndex, rowsOfSets, sliceBytes } from './slice-index.ts';
import type { SliceIndex } from './slice-index.ts';

/** Bytes of slice names up to which the reader scans them itself. */
const littleSliced = 500_000;
const keptNames = 100_000;
const keptListed = 5000;
const keptFilters = 8;

/** The slices of a comparison's samples, as far as they were asked for. A finished build does not change. */
export class Sliced {
  readonly #db: ReadableDb;
  readonly #sets: () => ArrayLike<number>;
  readonly #names = new Map<number, string[]>();
  /** Names kept; those of further sets are read when they are shown. */
  #namesKept = 0;
  readonly #listed = new Map<number, string[]>();
  /** Rows in one of some slices, by those slices. */
  readonly #within = new Map<string, Uint8Array>();
  #index: SliceIndex | null = null;
  #isMuch: boolean | null = null;

  /** `sets` are the rows' sets of slices. */
  constructor(db: ReadableDb, sets: () => ArrayLike<number>) {
    this.#db = db;
    this.#sets = sets;
  }

  /** All names of a set. */
  names(setKey: number): readonly string[] {
    let names = this.#names.get(setKey);
    if (names === undefined) {
      names = sliceNames(this.#db, setKey);
      this.#namesKept += names.length;
      if (this.#namesKept <= keptNames) this.#names.set(setKey, names);
    }
    return names;
  }

  /** The first names of a set, for a row of a list. */
  listed(setKey: number): readonly string[] {
    let names = this.#listed.get(setKey);
    if (names === undefined) {
      names = firstSlices(this.#db, setKey);
      keepNewest(this.#listed, setKey, names, keptListed);
    }
    return names;
  }

  /** One byte per row: whether it is in one of these slices. Rows share few distinct sets, so each set is tested once. */
  within(slices: readonly string[]): Uint8Array {
    const known = this.#within.get(JSON.stringify(slices));
    if (known !== undefined) return known;
    const wanted = new Set(slices);
    const sets = this.#sets();
    const judged = new Map<number, number>();
    const found = new Uint8Array(sets.length);
    for (let row = 0; row < found.length; row++) {
      const set = sets[row] ?? 0;
      let passes = judged.get(set);
      if (passes === undefined) judged.set(set, (passes = isSetOf(this.#db, set, wanted) ? 1 : 0));
      found[row] = passes;
    }
    this.takeWithin(slices, found);
    return found;
  }

  /** Takes what another thread found. */
  takeWithin(slices: readonly string[], found: Uint8Array): void {
    keepNewest(this.#within, JSON.stringify(slices), found, keptFilters);
  }

  /** Whether looking for these slices would hold up this thread's other callers. */
  needsWithin(slices: readonly string[]): boolean {
    return slices.length > 0 && !this.#within.has(JSON.stringify(slices)) && this.#hasMany;
  }

  /** The slices that are counted. */
  index(): SliceIndex {
    return (this.#index ??= makeSliceIndex(this.#db, this.#sets()));
  }

  /** Takes an index that was made in another thread. */
  takeIndex(index: SliceIndex): void {
    this.#index = index;
  }

  /** Whether making the index would hold up this thread's other callers. */
  get needsIndex(): boolean {
    return this.#index === null && this.#hasMany;
  }

  get #hasMany(): boolean {
    const sets = () => rowsOfSets(this.#sets()).keys();
    return (this.#isMuch ??= sliceBytes(this.#db, sets(), littleSliced) > littleSliced);
  }
}

/** Sets may have hundreds of slices: only those whose text contains a wanted name are parsed. */
function isSetOf(db: ReadableDb, set: number, wanted: ReadonlySet<string>): boolean {
  const text = set === 0 ? '' : sliceText(db, set);
  const quoted = [...wanted].map((name) => JSON.stringify(name));
  if (!quoted.some((name) => text.includes(name))) return false;
  return (JSON.parse(text) as string[]).some((name) => wanted.has(name));
}
