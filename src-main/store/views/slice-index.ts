import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import { flipKinds } from '../../shared/domain/flips.ts';
import type { ReadableDb } from '../database.ts';
import { value, sql } from '../database.ts';
import { sliceNames } from '../queries/names.ts';
import type { LoadedComparison } from './comparison.ts';

/** The most slices that are counted, listed and tested: those with the most samples. The number left out is shown. */
export const mostSlices = 1000;
/** And at most this many memberships (a sample in a slice), so that counting them stays quick. */
const mostMemberships = 20_000_000;

/** The slices of a comparison that are counted, and which of them each set of slices has. Nothing in it depends on verdicts. */
export interface SliceIndex {
  /** In order of their names. */
  names: string[];
  /** Slices that are not in `names`. */
  leftOut: number;
  /** Set of slices → positions in `names`. */
  sets: Map<number, Int32Array>;
}

/** Bytes of names in the sets of slices that a comparison's samples have; stops counting beyond `enough`. */
export function sliceBytes(db: ReadableDb, sets: Iterable<number>, enough: number): number {
  let bytes = 0;
  for (const set of sets) {
    bytes += value<number>(db, sql`SELECT octet_length(names) FROM slice_sets WHERE set_key = ${set}`) ?? 0;
    if (bytes > enough) break;
  }
  return bytes;
}

/** Rows of each set of slices; samples in no slice are not counted. */
export function rowsOfSets(sliceSets: ArrayLike<number>): Map<number, number> {
  const rows = new Map<number, number>();
  for (let row = 0; row < sliceSets.length; row++) {
    const set = sliceSets[row] ?? 0;
    if (set !== 0) rows.set(set, (rows.get(set) ?? 0) + 1);
  }
  return rows;
}

/** Slow when sets have many slices: then it is made in a thread of its own. */
export function makeSliceIndex(db: ReadableDb, sliceSets: ArrayLike<number>): SliceIndex {
  const ids = new Map<string, number>();
  const samples: number[] = [];
  const members = new Map<number, Int32Array>();
  for (const [set, rows] of rowsOfSets(sliceSets)) {
    const list = sliceNames(db, set).map((name) => {
      let id = ids.get(name);
      if (id === undefined) ids.set(name, (id = ids.size));
      samples[id] = (samples[id] ?? 0) + rows;
      return id;
    });
    members.set(set, Int32Array.from(list));
  }
  const names = largest([...ids.keys()], samples);
  const positions = new Int32Array(ids.size).fill(-1);
  names.forEach((name, position) => (positions[ids.get(name) ?? 0] = position));
  const sets = new Map<number, Int32Array>();
  for (const [set, list] of members) {
    sets.set(
      set,
      list.map((id) => positions[id] ?? -1).filter((position) => position >= 0),
    );
  }
  return { names, leftOut: ids.size - names.length, sets };
}

/** The most populous, as many as can be counted, by name. */
function largest(names: readonly string[], samples: readonly number[]): string[] {
  const bySize = Array.from(names, (name, id) => ({ name, samples: samples[id] ?? 0 })).sort(
    (a, b) => b.samples - a.samples || compareTexts(a.name, b.name),
  );
  let memberships = 0;
  const kept: string[] = [];
  for (const slice of bySize.slice(0, mostSlices)) {
    memberships += slice.samples;
    if (memberships > mostMemberships) break;
    kept.push(slice.name);
  }
  return kept.sort(compareTexts);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface SliceCounts {
  slices: { slice: string; counts: Record<string, number> }[];
  /** Smaller slices, which are not counted. */
  leftOut: number;
}

/** Slice → counts of kinds over the whole comparison. */
export function sliceCounts(comparison: LoadedComparison, verdicts?: FlipFilter['verdicts']): SliceCounts {
  const { names, leftOut, sets } = comparison.sliced.index();
  const kind = comparison.kinds(verdicts);
  const column = comparison.columns.get('sliceSet');
  const width = flipKinds.length;
  const counts = new Int32Array(names.length * width);
  for (const [set, ofSet] of countsBySet(column, kind, width)) {
    for (const slice of sets.get(set) ?? []) {
      for (let code = 0; code < width; code++) counts[slice * width + code]! += ofSet[code] ?? 0;
    }
  }
  return {
    slices: names.map((slice, i) => ({
      slice,
      counts: Object.fromEntries(flipKinds.map((name, code) => [name, counts[i * width + code] ?? 0])),
    })),
    leftOut,
  };
}

function countsBySet(column: ArrayLike<number>, kind: Uint8Array, width: number): Map<number, Int32Array> {
  const bySet = new Map<number, Int32Array>();
  for (let row = 0; row < kind.length; row++) {
    const set = column[row] ?? 0;
    let counts = bySet.get(set);
    if (counts === undefined) bySet.set(set, (counts = new Int32Array(width)));
    counts[kind[row] ?? 0]!++;
  }
  return bySet;
}

/** Kind and cluster of each sample of each counted slice, slice by slice: slice i ends before `ends[i]`. */
export interface SliceSamples {
  ends: Int32Array;
  kinds: Uint8Array;
  clusters: Int32Array;
}

export function sliceSamples(comparison: LoadedComparison, verdicts?: FlipFilter['verdicts']): SliceSamples {
  const { names, sets } = comparison.sliced.index();
  const kind = comparison.kinds(verdicts);
  const column = comparison.columns.get('sliceSet');
  const cluster = comparison.columns.get('cluster');
  const ends = new Int32Array(names.length);
  const visit = (each: (slice: number, row: number) => void): void => {
    for (let row = 0; row < comparison.rows; row++) {
      for (const slice of sets.get(column[row] ?? 0) ?? []) each(slice, row);
    }
  };
  visit((slice) => ends[slice]!++);
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1] ?? 0;
  const total = ends.at(-1) ?? 0;
  const [kinds, clusters] = [new Uint8Array(total), new Int32Array(total)];
  const next = Int32Array.from(ends, (_, i) => (i === 0 ? 0 : (ends[i - 1] ?? 0)));
  visit((slice, row) => {
    const at = next[slice]!++;
    kinds[at] = kind[row] ?? 0;
    clusters[at] = cluster[row] ?? 0;
  });
  return { ends, kinds, clusters };
}
