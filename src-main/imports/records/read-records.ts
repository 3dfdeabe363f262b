import { basename } from 'node:path';
import { assertNever } from '../../shared/domain/errors.ts';
import { type Line, LineSplitter } from '../../system/lines.ts';
import type { ReadSession } from '../session.ts';
import { DamagedContent, readContent } from './bytes.ts';
import { readCsv } from './csv.ts';
import { readJsonArray } from './json-array.ts';
import { readJsonLines } from './jsonl.ts';
import { readParquet } from './parquet.ts';
import type { Problem } from '../problems.ts';
import type { Place } from '../types.ts';
import { problemRecord, type Layout, type RecordBatches } from './record.ts';

/** The records of one file. `onHeader` gets what surrounds them in a JSON document, once it has been read. */
export function readRecords(
  path: string,
  file: string,
  layout: Layout,
  session: ReadSession,
  onHeader?: (header: unknown) => void,
): RecordBatches {
  if (layout.container === 'parquet') return readParquet(path, file, layout.compression, session);
  let damage: DamagedContent | null = null;
  const content = untilDamage(readContent(path, file, layout.compression, session), (found) => (damage = found));
  return endedBy(readText(content, file, layout, session, onHeader), file, () => damage);
}

/** The lines of a text file, up to where it is damaged. */
export async function* readLines(
  path: string,
  file: string,
  layout: Extract<Layout, { container: 'jsonl' }>,
  session: ReadSession,
): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter(session.limits.maxRecordBytes, layout.lineEnd);
  const content = readContent(path, file, layout.compression, session);
  for await (const chunk of untilDamage(content, () => undefined)) yield splitter.push(chunk);
  yield splitter.end();
}

function readText(
  content: AsyncIterable<Buffer>,
  file: string,
  layout: Exclude<Layout, { container: 'parquet' }>,
  session: ReadSession,
  onHeader?: (header: unknown) => void,
): RecordBatches {
  switch (layout.container) {
    case 'jsonl':
      return readJsonLines(content, file, session, layout.lineEnd);
    case 'json':
      return readJsonArray(content, file, layout.arrayPath, session, onHeader, layout.entries === true);
    case 'csv':
      return readCsv(content, file, layout.delimiter, session, layout.lineEnd);
    default:
      return assertNever(layout);
  }
}

async function* untilDamage(
  content: AsyncIterable<Buffer>,
  onDamage: (damage: DamagedContent) => void,
): AsyncGenerator<Buffer> {
  try {
    yield* content;
  } catch (error) {
    if (!(error instanceof DamagedContent)) throw error;
    onDamage(error);
  }
}

/** The records before the damage, then the damage as a problem of its own, at the line it is in. */
async function* endedBy(records: RecordBatches, file: string, damageOf: () => DamagedContent | null): RecordBatches {
  let line = 0;
  for await (const batch of records) {
    line = batch.at(-1)?.line ?? line;
    yield batch;
  }
  const damage = damageOf();
  if (damage === null) return;
  const message = `${damage.message} What follows is missing. ${damage.remedy ?? ''}`.trim();
  yield [problemRecord({ file, line: Math.max(1, line) }, 'truncated', message)];
}

/** Records that cannot be parsed are passed over when looking at a file's beginning, but not endlessly. */
const maxLookedAt = 2000;

/** The first `count` values of a file, for detection. */
export async function firstValues(
  path: string,
  layout: Layout,
  count: number,
  session: ReadSession,
  onProblem: (problem: Place & { problem: Problem }) => void = () => undefined,
): Promise<unknown[]> {
  const values: unknown[] = [];
  let lookedAt = 0;
  for await (const batch of readRecords(path, basename(path), layout, session)) {
    for (const record of batch) {
      if ('problem' in record) onProblem(record);
      else if (values.length < count) values.push(record.value);
    }
    lookedAt += batch.length;
    if (values.length >= count || lookedAt >= maxLookedAt) break;
  }
  return values;
}
