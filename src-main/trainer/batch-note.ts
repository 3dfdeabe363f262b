import * as fs from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { z } from 'zod';

/**
 * What a run is about to train on, on disk before it does: a process that the system ends says no last word. Written over at each
 * step, some twenty microseconds; empty where no step has begun.
 */
const batchNote = z.object({ step: z.number(), sampleIds: z.array(z.string()) });
export type BatchNote = z.infer<typeof batchNote>;

const fileName = 'batch.json';

export class BatchNoteFile {
  readonly #descriptor: number;

  /** Forgets what an earlier start left. */
  constructor(runFolder: string) {
    this.#descriptor = fs.openSync(path.join(runFolder, fileName), 'w');
  }

  write(note: BatchNote): void {
    const text = Buffer.from(JSON.stringify(note));
    fs.writeSync(this.#descriptor, text, 0, text.length, 0);
    fs.ftruncateSync(this.#descriptor, text.length);
  }
}

/** Null where no step had begun, or the process was ended while it wrote. */
export async function readBatchNote(runFolder: string): Promise<BatchNote | null> {
  try {
    return batchNote.parse(JSON.parse(await readFile(path.join(runFolder, fileName), 'utf8')));
  } catch {
    return null;
  }
}
