import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  type RowGroup,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { compressors as library } from 'hyparquet-compressors';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ImportLimits } from '../limits.ts';
import type { ReadSession } from '../session.ts';
import type { Compression } from '../types.ts';
import { makeTemporaryFolder } from '../../system/temporary-folder.ts';
import { readContent } from './bytes.ts';
import { isDeeperThan } from './parse-json.ts';
import { problemRecord, type RawRecord, type RecordBatches } from './record.ts';

/** Rows decoded at a time where the file's page index allows to read parts of a row group. */
const sliceRows = 4096;
/**
 * Without one, a row group is decoded in parts of about this many bytes, and in at most so many, since each part reads the group's
 * compressed bytes again.
 */
const partBytes = 4 * 2 ** 20;
const mostParts = 64;
/** Equal rows take next to no bytes: what they become in memory is bounded by their number. */
const maxPartRows = 262_144;
/** Where rows take next to no bytes they share pages, and each part decodes all of a page: some minutes of work. */
const mostDecodedValues = 500_000_000;
/** A page must be held whole, and a row group without page index that has nested columns: pages of these cannot be passed over. */
const maxPageBytes = 512 * 2 ** 20;
const maxGroupBytes = 2 * 2 ** 30;

/** Rows of a Parquet file; `line` is the row. Parquet is read out of order, so a compressed file is unpacked to the temp folder first. */
export async function* readParquet(
  path: string,
  file: string,
  compression: Compression,
  session: ReadSession,
): RecordBatches {
  if (compression === 'none') {
    await session.hashFile(path, file);
    yield* readRows(path, file, session, session.files.at(-1)?.bytes ?? 0);
    return;
  }
  const folder = await makeTemporaryFolder('flipguard-import-');
  try {
    const unpacked = join(folder, 'unpacked.parquet');
    await pipeline(readContent(path, file, compression, session), createWriteStream(unpacked));
    // Unpacking has counted its bytes.
    yield* readRows(unpacked, file, session, 0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `bytes`: what the rows count for in the progress, all together. */
async function* readRows(path: string, file: string, session: ReadSession, bytes: number): RecordBatches {
  const buffer = await asyncBufferFromFile(path);
  const metadata = await attempt(file, () => parquetMetadataAsync(buffer));
  const decompressors = boundedCompressors(session.limits);
  for (const { rowStart, rowEnd, useOffsetIndex } of slices(metadata, file)) {
    session.checkCancelled();
    const rows = await attempt(file, () =>
      parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd, useOffsetIndex, compressors: decompressors }),
    );
    session.count((bytes * (rowEnd - rowStart)) / Math.max(1, Number(metadata.num_rows)));
    yield rows.map((row, index) => toRecord(row, file, rowStart + index + 1, session));
  }
}

interface Slice {
  rowStart: number;
  rowEnd: number;
  useOffsetIndex: boolean;
}

function* slices(metadata: FileMetaData, file: string): Generator<Slice> {
  let start = 0;
  for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    const useOffsetIndex = group.columns.every((column) => column.offset_index_offset !== undefined);
    const step = useOffsetIndex ? sliceRows : rowsOfPart(group, file);
    for (let rowStart = start; rowStart < end; rowStart += step) {
      yield { rowStart, rowEnd: Math.min(end, rowStart + step), useOffsetIndex };
    }
    start = end;
  }
}

/**
 * How many rows of a group without a page index are decoded at a time.
 * @throws WorkbenchError `unsupported` when that would take more memory than there is, or hours.
 */
export function rowsOfPart(group: Pick<RowGroup, 'num_rows' | 'total_byte_size' | 'columns'>, file: string): number {
  const [rows, bytes] = [Math.max(1, Number(group.num_rows)), Number(group.total_byte_size)];
  const flat = group.columns.every((column) => column.meta_data?.path_in_schema.length === 1);
  if (!flat && bytes > maxGroupBytes) throw unreadableGroup(file, 'more than 2 GiB with nested columns');
  const partsByBytes = flat ? Math.max(1, Math.min(mostParts, Math.ceil(bytes / partBytes))) : 1;
  const step = Math.min(maxPartRows, Math.max(sliceRows, Math.ceil(rows / partsByBytes)));
  const decoded = (rows * group.columns.length * Math.ceil(rows / step)) / partsByBytes;
  if (decoded > mostDecodedValues) {
    throw unreadableGroup(file, `${rows.toLocaleString('en-US')} rows in a few pages`);
  }
  return step;
}

function unreadableGroup(file: string, what: string): WorkbenchError {
  return new WorkbenchError('unsupported', `${file} has a row group of ${what} and no page index.`, {
    remedy: 'Write it again with smaller row groups (pyarrow: row_group_size=10000), or as JSONL.',
    place: { file },
  });
}

/** Node's own decompressors where it has them: they bound what comes out, and are faster. */
function boundedCompressors(limits: ImportLimits): Compressors {
  const bound = (length: number): { maxOutputLength: number } => ({ maxOutputLength: checkedLength(length, limits) });
  const all: Compressors = {
    ...library,
    GZIP: (input, length) => gunzipSync(input, bound(length)),
    ZSTD: (input, length) => zstdDecompressSync(input, bound(length)),
    BROTLI: (input, length) => brotliDecompressSync(input, bound(length)),
  };
  const guarded = Object.entries(all).map(([name, decompress]) => [
    name,
    // A column without a value in a row group has an empty page: nothing, which some codecs still write bytes for.
    (input: Uint8Array, length: number) =>
      length === 0 ? new Uint8Array(0) : decompress(input, checkedLength(length, limits)),
  ]);
  return Object.fromEntries(guarded) as Compressors;
}

function checkedLength(length: number, limits: ImportLimits): number {
  const limit = Math.min(maxPageBytes, limits.maxInflatedBytes);
  if (length >= 0 && length <= limit) return length;
  throw new RangeError(`a page claims ${length} bytes, ${limit} are allowed`);
}

/** A fault of the file's structure ends the import: what follows it cannot be trusted. */
async function attempt<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new WorkbenchError('bad-input', `${file} cannot be read as Parquet: ${detail}.`, { cause, place: { file } });
  }
}

function toRecord(row: Record<string, unknown>, file: string, line: number, session: ReadSession): RawRecord {
  const place = { file, line };
  const { maxDepth } = session.limits;
  if (isDeeperThan(row, maxDepth))
    return problemRecord(place, 'too-deep', `The record is nested deeper than ${maxDepth} levels.`);
  if (Object.values(row).some((value) => value === Infinity || value === -Infinity)) session.noteInfinite();
  return { ...place, value: plain(row) };
}

/** Parquet's value types as JSON's: 64-bit integers beyond 2⁵³ as text, dates in ISO form, typed arrays as lists, NaN and infinities as null. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (ArrayBuffer.isView(value) || Array.isArray(value)) return Array.from(value as ArrayLike<unknown>, plain);
  const record = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of Object.entries(value)) record[key] = plain(entry);
  return record;
}
