import * as fs from 'node:fs';
import * as path from 'node:path';
import { draftOf } from './drafts.ts';

/**
 * Makes a file that has its name only when all of it is on disk: readers, and a machine that loses power, see the old file or the
 * new one. `make` writes the draft that it is given. Two who make one file at once both succeed; the later one stays.
 */
export async function makeWhole<T>(file: string, make: (draft: string) => Promise<T>): Promise<T> {
  const draft = draftOf(file);
  try {
    const made = await make(draft);
    const handle = await fs.promises.open(draft, 'r+');
    await handle.sync().finally(() => handle.close());
    await fs.promises.rename(draft, file);
    flushFolder(path.dirname(file));
    return made;
  } catch (error) {
    await fs.promises.rm(draft, { force: true });
    throw error;
  }
}

/** The same for threads that work synchronously. */
export function makeWholeSync<T>(file: string, make: (draft: string) => T): T {
  const draft = draftOf(file);
  try {
    const made = make(draft);
    const descriptor = fs.openSync(draft, 'r+');
    try {
      fs.fsyncSync(descriptor);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(draft, file);
    flushFolder(path.dirname(file));
    return made;
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw error;
  }
}

/** Text or bytes as a whole file, readable by its owner alone. */
export function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  return makeWhole(file, (draft) => fs.promises.writeFile(draft, content, { mode: 0o600, flag: 'wx' }));
}

/** Puts the names in a folder on disk: a file that was renamed or made is found again after a power cut. */
export function flushFolder(folder: string): void {
  // Windows cannot open folders for flushing; its rename is journalled.
  if (process.platform === 'win32') return;
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
