import { access, chmod, constants, lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { asFileError } from '../../workbench/workspace/file-errors.ts';
import { makeFolder } from '../../system/folders.ts';
import { refuseDevice } from '../../system/whole-file.ts';

let usualMask = 0o022;

/** From here on what the program writes is for this account alone: prompts and outputs are in it. */
export function keepFilesPrivate(): void {
  usualMask = process.umask(0o077);
}

/** Refuses a file that could not be written, before the work whose outcome it is to hold. */
export async function requireWritable(file: string): Promise<void> {
  try {
    await access(path.dirname(file), constants.W_OK);
    refuseDevice(file);
    const isFolder = await stat(file).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) return;
  } catch (error) {
    throw asFileError(error, file, 'written');
  }
  throw new WorkbenchError('conflict', `${file} is a folder.`, { remedy: 'Name a file in it.', place: { file } });
}

/** Makes a folder that is asked for, before the work whose outcome it is to hold. */
export async function requireFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw asFileError(error, folder, 'written');
  }
}

/** Gives a file or folder that somebody asked for by `--out` the permissions that files of theirs usually have. */
export async function handOver(file: string): Promise<void> {
  const found = await lstat(file);
  if (found.isFile()) return chmod(file, 0o666 & ~usualMask);
  if (!found.isDirectory()) return;
  await chmod(file, 0o777 & ~usualMask);
  for (const name of await readdir(file)) await handOver(path.join(file, name));
}
