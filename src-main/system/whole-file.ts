import * as fs from 'node:fs';
import * as path from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { draftOf } from './drafts.ts';

/**
 * Refuses a name that a device or a pipe has, or a link to one: a file that gets its name by being renamed would take its place, and
 * `/dev/null` would be a file from then on.
 */
export function refuseDevice(file: string): void {
  const is = fs.statSync(file, { throwIfNoEntry: false });
  const link = fs.lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true ? fs.readlinkSync(file) : '';
  // The output of a program may be a file, and its name in /dev is still no place for another.
  if ((is === undefined || is.isFile() || is.isDirectory()) && !/^\/(proc|dev)\//.test(link)) return;
  throw new WorkbenchError('conflict', `${file} is a device or a pipe, not a file.`, {
    remedy: 'Name a file, which can be moved or printed when it is whole.',
    place: { file },
  });
}

/**
 * Makes a file that has its name only when all of it is on disk: readers, and a machine that loses power, see the old file or the
 * new one. `make` writes the draft that it is given. Two who make one file at once both succeed; the later one stays.
 */
export async function makeWhole<T>(file: string, make: (draft: string) => Promise<T>): Promise<T> {
  refuseDevice(file);
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
  refuseDevice(file);
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
