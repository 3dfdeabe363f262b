import { basename } from 'node:path';
import { assertNever } from '../../shared/domain/errors.ts';
import type { ReadSession } from '../session.ts';
import { readContent } from './bytes.ts';
import { readCsv } from './csv.ts';
import { readJsonArray } from './json-array.ts';
import { readJsonLines } from './jsonl.ts';
import { readParquet } from './parquet.ts';
import type { Layout, RecordBatches } from './record.ts';

/** The records of one file. `onHeader` gets what surrounds them in a JSON document, once it has been read. */
export function readRecords(
  path: string,
  file: string,
  layout: Layout,
  session: ReadSession,
  onHeader?: (header: unknown) => void,
): RecordBatches {
  if (layout.container === 'parquet') return readParquet(path, file, layout.compression, session);
  const content = readContent(path, file, layout.compression, session);
  switch (layout.container) {
    case 'jsonl':
      return readJsonLines(content, file, session);
    case 'json':
      return readJsonArray(content, file, layout.arrayPath, session, onHeader);
    case 'csv':
      return readCsv(content, file, layout.delimiter, session);
    default:
      return assertNever(layout);
  }
}

/** Records that cannot be parsed are passed over when looking at a file's beginning, but not endlessly. */
const maxLookedAt = 2000;

/** The first `count` values of a file, for detection. */
export async function firstValues(
  path: string,
  layout: Layout,
  count: number,
  session: ReadSession,
): Promise<unknown[]> {
  const values: unknown[] = [];
  let lookedAt = 0;
  for await (const batch of readRecords(path, basename(path), layout, session)) {
    for (const record of batch) if ('value' in record && values.length < count) values.push(record.value);
    lookedAt += batch.length;
    if (values.length >= count || lookedAt >= maxLookedAt) break;
  }
  return values;
}
