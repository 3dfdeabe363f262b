import { WorkbenchError } from '../../shared/domain/errors.ts';
import { withoutBom } from '../../system/lines.ts';
import type { ReadSession } from '../session.ts';
import { JsonArrayScanner } from './json-scanner.ts';
import { parseJson, parseRecord } from './parse-json.ts';
import { problemRecord, type RawRecord, type RecordBatches, tooLarge } from './record.ts';

/**
 * The elements of an array in a JSON document: the document itself, or the array that `arrayPath` leads to. What is
 * around the array is handed to `onHeader` as a value with the array empty, or null when it is too large or malformed:
 * once before the first element with what is before it, and once at the end with all of it. With `entries` an object is read as
 * well, and each record is a `{key, value}`: an object's key, or a list's index as text.
 */
export async function* readJsonArray(
  chunks: AsyncIterable<Buffer>,
  file: string,
  arrayPath: readonly string[],
  session: ReadSession,
  onHeader: (header: unknown) => void = () => undefined,
  entries = false,
): RecordBatches {
  const { limits } = session;
  const scanner = new JsonArrayScanner(arrayPath, limits.maxRecordBytes, limits.maxHeaderBytes, entries);
  let isAnnounced = false;
  let index = 0;
  for await (const chunk of withoutLeadingBom(chunks)) {
    const elements = scanner.push(chunk);
    if (!isAnnounced && scanner.phase !== 'seeking') {
      isAnnounced = true;
      onHeader(headerSoFar(scanner, arrayPath));
    }
    yield elements.map(({ line, bytes }): RawRecord => {
      const place = { file, line };
      index += 1;
      if (bytes === null) return tooLarge(place, limits.maxRecordBytes);
      const text = entries && scanner.isObject ? braced(bytes) : bytes;
      const record = parseRecord(text, place, limits, () => session.noteInfinite());
      return entries ? asEntry(record, scanner.isObject, index - 1) : record;
    });
  }
  if (scanner.phase === 'seeking') throw noArray(file, arrayPath);
  if (scanner.phase === 'inside') {
    const line = scanner.unfinishedLine() ?? 1;
    yield [problemRecord({ file, line }, 'truncated', 'The file ends before the list of records does.')];
  }
  const line = scanner.trailingLine;
  if (line !== null) yield [problemRecord({ file, line }, 'bad-json', moreText)];
  const header = scanner.header();
  const around = headerValue(header);
  if (scanner.phase === 'after' && arrayPath.length > 0 && header !== null && around === null)
    yield [problemRecord({ file, line: scanner.line }, 'truncated', brokenAround)];
  onHeader(around);
}

const moreText =
  'There is more after the end of the list, and it was not read; one list holds all records of a JSON file.';
const brokenAround =
  'What is around the list of records is not JSON: the file is cut short, or several were written into it.';

function braced(entry: Buffer): Buffer {
  return Buffer.concat([Buffer.from('{'), entry, Buffer.from('}')]);
}

function asEntry(record: RawRecord, isObject: boolean, index: number): RawRecord {
  if ('problem' in record) return record;
  if (!isObject) return { ...record, value: { key: String(index), value: record.value } };
  const entry = record.value as Record<string, unknown>;
  const [key = ''] = Object.keys(entry);
  return { ...record, value: { key, value: entry[key] } };
}

async function* withoutLeadingBom(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? withoutBom(chunk) : chunk;
    isFirst = false;
  }
}

/** What is before the array, its open brackets closed; all of it when the document came in one chunk. */
function headerSoFar(scanner: JsonArrayScanner, arrayPath: readonly string[]): unknown {
  const bytes = scanner.header();
  if (bytes === null || scanner.phase === 'after') return headerValue(bytes);
  return headerValue(
    Buffer.concat([bytes, Buffer.from(`${scanner.isObject ? '}' : ']'}${'}'.repeat(arrayPath.length)}`)]),
  );
}

function headerValue(bytes: Buffer | null): unknown {
  if (bytes === null) return null;
  try {
    return parseJson(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

/** The document has no list (or object) at the place where its records should be. */
export class NoRecords extends WorkbenchError {}

function noArray(file: string, arrayPath: readonly string[]): NoRecords {
  const where = arrayPath.length === 0 ? 'it is no list' : `there is no list at “${arrayPath.join('.')}”`;
  return new NoRecords('bad-input', `${file} holds no records: ${where}.`, {
    remedy: 'A JSON file is read as a list of records, or as an object with such a list in it.',
    place: { file },
  });
}
