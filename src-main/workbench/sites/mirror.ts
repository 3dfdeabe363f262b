import { createReadStream } from 'node:fs';
import { appendFile, stat, truncate } from 'node:fs/promises';
import path from 'node:path';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { parseEvent } from '../../trainer/messages.ts';
import { makeFolder } from '../../system/folders.ts';

/**
 * This workspace's copy of a run's events, byte for byte, whole lines only: its size is the offset from which the site is asked for
 * more, whatever was killed in between.
 */
export interface Mirror {
  readonly offset: number;
  /** Takes bytes that begin at `offset`; returns the events of the lines that are whole. */
  take(bytes: Buffer): Promise<TrainerEvent[]>;
  /** The file at the site has become shorter than what was read: it is read again from the beginning. */
  restart(): Promise<void>;
}

export async function openMirror(file: string): Promise<Mirror> {
  await makeFolder(path.dirname(file));
  let offset = await wholeBytes(file);
  await truncate(file, offset).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  return {
    get offset() {
      return offset;
    },
    async take(bytes) {
      const whole = bytes.subarray(0, bytes.lastIndexOf(newline) + 1);
      if (whole.length === 0) return [];
      const events = whole
        .toString('utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => parseEvent(JSON.parse(line)));
      await appendFile(file, whole, { mode: 0o600 });
      offset += whole.length;
      return events;
    },
    async restart() {
      await truncate(file, 0);
      offset = 0;
    },
  };
}

const newline = 10;

/** Up to behind the last line break: a copy that was cut off in a line is cut back to it. */
async function wholeBytes(file: string): Promise<number> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  let whole = 0;
  let at = 0;
  if (size === 0) return 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    const last = chunk.lastIndexOf(newline);
    if (last >= 0) whole = at + last + 1;
    at += chunk.length;
  }
  return whole;
}
