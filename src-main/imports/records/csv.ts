import { isUtf8 } from 'node:buffer';
import { type Line, type LineEnd, LineSplitter } from '../../system/lines.ts';
import type { ReadSession } from '../session.ts';
import type { Place } from '../types.ts';
import { problemRecord, type RawRecord, type RecordBatches, tooLarge } from './record.ts';

/**
 * CSV as RFC 4180 has it, with a header line, any one-character delimiter, and quotes that matter only at the start of a
 * field. Values stay texts; line ends inside quotes become `\n`.
 *
 * Written here because csv-parse (7.0.3, `skip_records_with_error`) loses every row after a stray quote or an oversized
 * record. Here a quote that never closes costs its own line: the lines it swallowed are read again without it.
 */
export async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  file: string,
  delimiter: string,
  session: ReadSession,
  lineEnd: LineEnd = 'lf',
): RecordBatches {
  const splitter = new LineSplitter(session.limits.maxRecordBytes, lineEnd);
  const assembler = new CsvAssembler(file, delimiter, session);
  for await (const chunk of chunks) yield splitter.push(chunk).flatMap((line) => assembler.push(line));
  yield [...splitter.end().flatMap((line) => assembler.push(line)), ...assembler.end()];
}

/** Excel's own first line, `sep=;`: it names the delimiter and is no header. */
export function declaredDelimiter(line: string): string | null {
  return /^"?sep=([^\r\n])"?\r?$/i.exec(line)?.[1] ?? null;
}

/** The likeliest delimiter of a header line: the candidate it holds most often outside quotes; null when it holds none. */
export function delimiterOf(headerLine: string): string | null {
  const bare = headerLine.replace(/"[^"]*"/g, '');
  const counted = [',', '\t', ';', '|'].map((candidate) => ({ candidate, count: bare.split(candidate).length - 1 }));
  const best = counted.reduce((left, right) => (right.count > left.count ? right : left));
  return best.count === 0 ? null : best.candidate;
}

class CsvAssembler {
  readonly #file: string;
  readonly #delimiter: string;
  readonly #maxBytes: number;
  readonly #session: ReadSession;
  #header: string[] | null = null;
  #parser: FieldParser;
  /** Lines of the record that is still open, kept to be read again should its quote never close. */
  #held: Line[] = [];
  #heldBytes = 0;

  constructor(file: string, delimiter: string, session: ReadSession) {
    this.#file = file;
    this.#delimiter = delimiter;
    this.#session = session;
    this.#maxBytes = session.limits.maxRecordBytes;
    this.#parser = new FieldParser(delimiter);
  }

  push(line: Line): RawRecord[] {
    if (line.number === 1 && line.bytes !== null && declaredDelimiter(line.bytes.toString('utf8')) !== null) return [];
    if (line.bytes === null) return [...this.#abandon(), tooLarge(this.#place(line), this.#maxBytes)];
    this.#held.push(line);
    this.#heldBytes += line.bytes.length;
    if (this.#heldBytes > this.#maxBytes) return this.#abandon();
    this.#parser.addLine(line.bytes.toString('utf8'));
    return this.#parser.isOpen ? [] : this.#finish();
  }

  end(): RawRecord[] {
    return this.#held.length === 0 ? [] : [...this.#abandon(), ...this.end()];
  }

  #place(line: Line): Place {
    return { file: this.#file, line: line.number };
  }

  #reset(): Line[] {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    this.#parser = new FieldParser(this.#delimiter);
    return held;
  }

  /** Gives up the open record: its first line is a problem, the others are read afresh. */
  #abandon(): RawRecord[] {
    const [first, ...others] = this.#reset();
    if (first === undefined) return [];
    const problem = problemRecord(this.#place(first), 'bad-csv', 'A quote that opens on this line is never closed.');
    return [problem, ...others.flatMap((line) => this.push(line))];
  }

  #finish(): RawRecord[] {
    const { fields, fault } = this.#parser;
    const lines = this.#reset();
    const [first] = lines;
    if (first === undefined || (fields.length === 1 && fields[0]?.trim() === '')) return [];
    const place = this.#place(first);
    if (!lines.every(({ bytes }) => bytes === null || isUtf8(bytes))) {
      return [problemRecord(place, 'invalid-utf8', 'The record is not valid UTF-8.')];
    }
    if (fault !== null) return [problemRecord(place, 'bad-csv', fault)];
    if (this.#header === null) {
      this.#header = headerNames(fields, (name, renamed) =>
        this.#session.note(`Another column is named “${name}”, too; it is read as “${renamed}”.`),
      );
      return [];
    }
    if (fields.length !== this.#header.length) {
      const message = `The row has ${fields.length} fields, the header ${this.#header.length}.`;
      return [problemRecord(place, 'columns', message)];
    }
    return [{ ...place, value: recordOf(this.#header, fields) }];
  }
}

/** Unnamed columns are numbered, and one whose name is taken gets a number too and is told of, so that every column can be mapped. */
function headerNames(fields: readonly string[], onRepeated: (name: string, renamed: string) => void): string[] {
  const taken = new Set<string>();
  return fields.map((field, index) => {
    const name = field.trim() === '' ? `column${index + 1}` : field.trim();
    let own = name;
    for (let number = 2; taken.has(own); number++) own = `${name}_${number}`;
    taken.add(own);
    if (own !== name) onRepeated(name, own);
    return own;
  });
}

/** An object without a prototype, so that a column named `__proto__` is a column like any other. */
function recordOf(header: readonly string[], fields: readonly string[]): Record<string, string> {
  const record = Object.create(null) as Record<string, string>;
  header.forEach((name, index) => {
    record[name] = fields[index] ?? '';
  });
  return record;
}

/** Splits the lines of one record into fields. */
class FieldParser {
  readonly fields: string[] = [];
  /** The record ended inside quotes so far: it continues in the next line. */
  isOpen = false;
  fault: string | null = null;
  readonly #delimiter: string;
  #open: string[] = [];

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  addLine(line: string): void {
    let at = 0;
    if (this.isOpen) this.#open.push('\n');
    while (at <= line.length) {
      if (this.isOpen || line[at] === '"') at = this.#quoted(line, this.isOpen ? at : at + 1);
      else at = this.#bare(line, at);
      if (this.isOpen) return;
    }
  }

  #bare(line: string, at: number): number {
    const end = this.#delimiterFrom(line, at);
    this.fields.push(line.slice(at, end));
    return end + 1;
  }

  /** Reads from inside quotes; doubled quotes stand for one. Answers the index behind the delimiter that follows. */
  #quoted(line: string, start: number): number {
    this.isOpen = true;
    let at = start;
    for (;;) {
      const close = line.indexOf('"', at);
      if (close === -1) {
        this.#open.push(line.slice(at));
        return line.length + 1;
      }
      this.#open.push(line.slice(at, close));
      if (line[close + 1] !== '"') return this.#closed(line, close + 1);
      this.#open.push('"');
      at = close + 2;
    }
  }

  #closed(line: string, at: number): number {
    this.isOpen = false;
    this.fields.push(this.#open.join(''));
    this.#open = [];
    const end = this.#delimiterFrom(line, at);
    if (line.slice(at, end).trim() !== '')
      this.fault = 'A closing quote is followed by something other than a delimiter.';
    return end + 1;
  }

  #delimiterFrom(line: string, at: number): number {
    const end = line.indexOf(this.#delimiter, at);
    return end === -1 ? line.length : end;
  }
}
