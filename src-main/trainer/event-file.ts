import * as fs from 'node:fs';
import type { TrainerEvent } from '../shared/domain/jobs.ts';
import { parseEvent } from './messages.ts';

/** A run's `events.ndjson`, open for appending. The file is ahead of every message: what the host is told is on disk. */
export class EventFile {
  readonly #descriptor: number;
  /** `seq` of the last whole line. */
  readonly lastSeq: number;

  /** Opens or creates; a torn last line, left by a killed process, is cut off. */
  constructor(file: string, onEvent: (event: TrainerEvent) => void = () => {}) {
    const { lastSeq, wholeBytes } = readWholeLines(file, onEvent);
    this.#descriptor = fs.openSync(file, 'a');
    if (fs.fstatSync(this.#descriptor).size > wholeBytes) fs.ftruncateSync(this.#descriptor, wholeBytes);
    this.lastSeq = lastSeq;
  }

  append(event: TrainerEvent): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    for (let written = 0; written < line.length;) {
      written += fs.writeSync(this.#descriptor, line, written, line.length - written);
    }
    if (isMilestone(event)) fs.fsyncSync(this.#descriptor);
  }

  close(): void {
    fs.closeSync(this.#descriptor);
  }
}

/** What must survive a power cut. */
function isMilestone({ type }: TrainerEvent): boolean {
  return type === 'evaluation-done' || type === 'checkpoint' || type === 'finished' || type === 'failed';
}

/** Events of a run so far, line by line; stops at the first line that is not whole. */
function readWholeLines(file: string, onEvent: (event: TrainerEvent) => void): { lastSeq: number; wholeBytes: number } {
  if (!fs.existsSync(file)) return { lastSeq: 0, wholeBytes: 0 };
  let lastSeq = 0;
  let wholeBytes = 0;
  for (const line of linesOf(file)) {
    const event = parseLine(line);
    if (event === null) break;
    lastSeq = event.seq;
    wholeBytes += line.length + 1;
    onEvent(event);
  }
  return { lastSeq, wholeBytes };
}

function parseLine(line: Buffer): TrainerEvent | null {
  try {
    return parseEvent(JSON.parse(line.toString('utf8')));
  } catch {
    return null;
  }
}

const readBytes = 1 << 20;

/** Lines that end in a newline, without it. */
function* linesOf(file: string): Generator<Buffer> {
  const descriptor = fs.openSync(file, 'r');
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.alloc(readBytes);
      const got = fs.readSync(descriptor, chunk, 0, readBytes, null);
      if (got === 0) return;
      let text = Buffer.concat([rest, chunk.subarray(0, got)]);
      for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10)) {
        yield text.subarray(0, end);
        text = text.subarray(end + 1);
      }
      rest = text;
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
