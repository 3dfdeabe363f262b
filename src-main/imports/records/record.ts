import type { Problem, ProblemReason } from '../problems.ts';
import type { Compression, Place } from '../types.ts';
import type { LineEnd } from '../../system/lines.ts';

/** One record of a source before any format looks at it: a parsed value, or why there is none. */
export type RawRecord = Place & ({ value: unknown } | { problem: Problem });

/** Records come in batches, one a chunk read, so that a million of them do not cost a million promises. */
export type RecordBatches = AsyncGenerator<RawRecord[], void, undefined>;

export function tooLarge(place: Place, maxBytes: number): RawRecord {
  return problemRecord(place, 'too-large', `The record is larger than ${maxBytes} bytes.`);
}

/** How the records of one file are to be found. */
export type Layout = { compression: Compression } & (
  | { container: 'jsonl'; lineEnd?: LineEnd }
  /** `arrayPath`: keys that lead to the array of records; empty when the document is the array. */
  | {
      container: 'json';
      arrayPath: readonly string[];
      /** The place may hold an object as well: its entries are then the records, each as `{key, value}`. */
      entries?: true;
    }
  | { container: 'csv'; delimiter: string; lineEnd?: LineEnd }
  | { container: 'parquet' }
);

export function problemRecord(place: Place, reason: ProblemReason, message: string, field?: string): RawRecord {
  return { ...place, problem: { reason, message, ...(field === undefined ? {} : { field }) } };
}
