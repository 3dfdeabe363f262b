import * as fs from 'node:fs';
import * as path from 'node:path';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import { flushFolder } from '../system/whole-file.ts';
import { readEvents } from './event-lines.ts';

/** A run's `events.ndjson`, open for appending. The file is ahead of every message: what the host is told is on disk. */
export class EventFile {
  readonly #descriptor: number;
  /** `seq` of the last whole line. */
  readonly lastSeq: number;

  private constructor(descriptor: number, lastSeq: number) {
    this.#descriptor = descriptor;
    this.lastSeq = lastSeq;
  }

  /**
   * Opens or creates; a torn last line, left by a killed process, is cut off.
   * @throws WorkbenchError `corrupt` where a line in the middle holds no event; nothing is cut then.
   */
  static async open(file: string, onEvent: (event: TrainerEvent) => void = () => {}): Promise<EventFile> {
    let lastSeq = 0;
    let wholeBytes = 0;
    for await (const { event, endByte } of readEvents(file)) {
      lastSeq = event.seq;
      wholeBytes = endByte;
      onEvent(event);
    }
    const isNew = !fs.existsSync(file);
    const descriptor = fs.openSync(file, 'a', 0o600);
    if (isNew) flushFolder(path.dirname(file));
    if (fs.fstatSync(descriptor).size > wholeBytes) fs.ftruncateSync(descriptor, wholeBytes);
    return new EventFile(descriptor, lastSeq);
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
