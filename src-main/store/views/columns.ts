import type { ComparisonCounts } from '../../shared/domain/flip-view.ts';
import type { FlipKind } from '../../shared/domain/flips.ts';
import { flipKinds } from '../../shared/domain/flips.ts';
import type { ReadableDb } from '../database.ts';
import { all, sql } from '../database.ts';

/**
 * A comparison's paired samples as columns, one entry per pair, in order of the left sample's key. The columns are stored
 * as blobs of `rangeRows` entries and are read when first asked for: one of 1 M entries takes a few milliseconds.
 */
export const rangeRows = 50_000;

interface ColumnTypes {
  /** Sample on the left; the `sampleKey` of everything that is shown. */
  leftKey: Int32Array;
  rightKey: Int32Array;
  /** Index into `flipKinds`. */
  kind: Uint8Array;
  /** NaN = none. */
  delta: Float64Array;
  leftScore: Float64Array;
  rightScore: Float64Array;
  /** 0 none, 1 right, 2 wrong, 3 tie. */
  leftVerdict: Uint8Array;
  rightVerdict: Uint8Array;
  /** Characters of the right output. */
  length: Int32Array;
  /** How often the guard fired in training; −1 = not known. */
  firing: Int32Array;
  /** Number of the cluster; 0 = none. */
  cluster: Int32Array;
  sliceSet: Int32Array;
  /** Rank of the sample id in natural order (“item-9” before “item-10”). */
  idRank: Int32Array;
  /** 0 not known, 1 solid, 2 flaky. */
  stability: Uint8Array;
  /** Answers with a verdict, and how many of them are right; 0 attempts = answered once. */
  leftAttempts: Uint32Array;
  leftSolved: Uint32Array;
  rightAttempts: Uint32Array;
  rightSolved: Uint32Array;
  /** Kinds of change as bits (`shared/domain/kinds`): those of the new answer or the change itself, and those of the old answer alone. */
  appeared: Int32Array;
  gone: Int32Array;
}
export type ColumnName = keyof ColumnTypes;
export type Columns = { readonly [N in ColumnName]: ColumnTypes[N] };

const makers = {
  leftKey: (length: number) => new Int32Array(length),
  rightKey: (length: number) => new Int32Array(length),
  kind: (length: number) => new Uint8Array(length),
  delta: (length: number) => new Float64Array(length),
  leftScore: (length: number) => new Float64Array(length),
  rightScore: (length: number) => new Float64Array(length),
  leftVerdict: (length: number) => new Uint8Array(length),
  rightVerdict: (length: number) => new Uint8Array(length),
  length: (length: number) => new Int32Array(length),
  firing: (length: number) => new Int32Array(length),
  cluster: (length: number) => new Int32Array(length),
  sliceSet: (length: number) => new Int32Array(length),
  idRank: (length: number) => new Int32Array(length),
  stability: (length: number) => new Uint8Array(length),
  leftAttempts: (length: number) => new Uint32Array(length),
  leftSolved: (length: number) => new Uint32Array(length),
  rightAttempts: (length: number) => new Uint32Array(length),
  rightSolved: (length: number) => new Uint32Array(length),
  appeared: (length: number) => new Int32Array(length),
  gone: (length: number) => new Int32Array(length),
} satisfies { [N in ColumnName]: (length: number) => ColumnTypes[N] };

export function makeColumn<N extends ColumnName>(name: N, length: number): ColumnTypes[N] {
  return makers[name](length) as ColumnTypes[N];
}

/** What is added to a build after it is finished. */
export const markColumns = ['stability', 'appeared', 'gone'] as const satisfies readonly ColumnName[];
export type BuiltColumns = Omit<Columns, (typeof markColumns)[number]>;

export const stabilities = ['solid', 'flaky'] as const;

export function kindOf(code: number | undefined): FlipKind {
  const kind = code === undefined ? undefined : flipKinds[code];
  if (kind === undefined) throw new Error(`no flip kind has the number ${code}`);
  return kind;
}

/** The columns of one finished build, read on demand and kept. */
export class StoredColumns {
  readonly #db: ReadableDb;
  readonly #loaded = new Map<ColumnName, ColumnTypes[ColumnName]>();
  readonly buildKey: number;
  readonly rows: number;

  constructor(db: ReadableDb, buildKey: number, rows: number) {
    this.#db = db;
    this.buildKey = buildKey;
    this.rows = rows;
  }

  get<N extends ColumnName>(name: N): ColumnTypes[N] {
    let column = this.#loaded.get(name) as ColumnTypes[N] | undefined;
    if (column === undefined) {
      column = this.#read(name);
      this.#loaded.set(name, column);
    }
    return column;
  }

  /** Drops the marks, which may change after the build. */
  forgetMarks(): void {
    for (const name of markColumns) this.#loaded.delete(name);
  }

  #read<N extends ColumnName>(name: N): ColumnTypes[N] {
    const column = makeColumn(name, this.rows);
    const bytes = new Uint8Array(column.buffer);
    for (const { range, data } of all<{ range: number; data: Uint8Array }>(
      this.#db,
      sql`SELECT range, data FROM comparison_columns WHERE build_key = ${this.buildKey} AND name = ${name} ORDER BY range`,
    )) {
      bytes.set(data, range * rangeRows * column.BYTES_PER_ELEMENT);
    }
    return column;
  }

  /** Position of a sample, or −1. Keys ascend. */
  positionOf(sampleKey: number): number {
    const keys = this.get('leftKey');
    let low = 0;
    let high = keys.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const key = keys[middle] ?? 0;
      if (key === sampleKey) return middle;
      if (key < sampleKey) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/** The counts of a comparison without pairs. */
export function noCounts(): ComparisonCounts {
  const kinds = Object.fromEntries(flipKinds.map((kind) => [kind, 0])) as Record<FlipKind, number>;
  return { paired: 0, unmatchedLeft: 0, unmatchedRight: 0, missingVerdict: 0, kinds };
}
