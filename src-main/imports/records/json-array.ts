import { WorkbenchError } from '../../shared/domain/errors.ts';
import { withoutBom } from '../../system/lines.ts';
import type { ReadSession } from '../session.ts';
import { JsonArrayScanner } from './json-scanner.ts';
import { parseJson, parseRecord } from './parse-json.ts';
import { problemRecord, type RawRecord, type RecordBatches, tooLarge } from './record.ts';

/**
 * The elements of an array in a JSON document: the document itself, or the array that `arrayPath` leads to. What lies
 * around the array is handed to `onHeader` as a value with the array empty, or null when it is too large or malformed:
 * once before the first element with what stands before it, and once at the end with all of it.
 */
export async function* readJsonArray(
  chunks: AsyncIterable<Buffer>,
  file: string,
  arrayPath: readonly string[],
  session: ReadSession,
  onHeader: (header: unknown) => void = () => undefined,
): RecordBatches {
  const { limits } = session;
  const scanner = new JsonArrayScanner(arrayPath, limits.maxRecordBytes, limits.maxHeaderBytes);
  let isAnnounced = false;
  for await (const chunk of withoutLeadingBom(chunks)) {
    const elements = scanner.push(chunk);
    if (!isAnnounced && scanner.phase !== 'seeking') {
      isAnnounced = true;
      onHeader(headerSoFar(scanner, arrayPath));
    }
    yield elements.map(({ line, bytes }): RawRecord => {
      const place = { file, line };
      return bytes === null ? tooLarge(place, limits.maxRecordBytes) : parseRecord(bytes, place, limits);
    });
  }
  if (scanner.phase === 'seeking') throw noArray(file, arrayPath);
  if (scanner.phase === 'inside') {
    const line = scanner.unfinishedLine() ?? 1;
    yield [problemRecord({ file, line }, 'truncated', 'The file ends before the list of records does.')];
  }
  onHeader(headerValue(scanner.header()));
}

async function* withoutLeadingBom(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? withoutBom(chunk) : chunk;
    isFirst = false;
  }
}

/** What stands before the array, its open brackets closed; all of it when the document came in one chunk. */
function headerSoFar(scanner: JsonArrayScanner, arrayPath: readonly string[]): unknown {
  const bytes = scanner.header();
  if (bytes === null || scanner.phase === 'after') return headerValue(bytes);
  return headerValue(Buffer.concat([bytes, Buffer.from(`]${'}'.repeat(arrayPath.length)}`)]));
}

function headerValue(bytes: Buffer | null): unknown {
  if (bytes === null) return null;
  try {
    return parseJson(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function noArray(file: string, arrayPath: readonly string[]): WorkbenchError {
  const where = arrayPath.length === 0 ? 'it is no list' : `there is no list at “${arrayPath.join('.')}”`;
  return new WorkbenchError('bad-input', `${file} holds no records: ${where}.`, {
    remedy: 'A JSON file is read as a list of records, or as an object with such a list in it.',
    place: { file },
  });
}
