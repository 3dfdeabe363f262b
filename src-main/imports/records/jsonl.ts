import { isBlank, type Line, type LineEnd, LineSplitter } from '../../system/lines.ts';
import type { ReadSession } from '../session.ts';
import type { Place } from '../types.ts';
import { parseRecord } from './parse-json.ts';
import { type RawRecord, type RecordBatches, tooLarge } from './record.ts';

/** One JSON value a line. Blank lines are skipped, CRLF and a byte order mark are taken as what they are. */
export async function* readJsonLines(
  chunks: AsyncIterable<Buffer>,
  file: string,
  session: ReadSession,
  lineEnd: LineEnd = 'lf',
): RecordBatches {
  const splitter = new LineSplitter(session.limits.maxRecordBytes, lineEnd);
  const toRecords = (lines: Line[]): RawRecord[] =>
    lines.flatMap((line) => {
      const place: Place = { file, line: line.number };
      if (line.bytes === null) return [tooLarge(place, session.limits.maxRecordBytes)];
      return isBlank(line.bytes) ? [] : [parseRecord(line.bytes, place, session.limits, () => session.noteInfinite())];
    });
  for await (const chunk of chunks) yield toRecords(splitter.push(chunk));
  yield toRecords(splitter.end());
}
