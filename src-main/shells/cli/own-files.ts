import { chmod, lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

let usualMask = 0o022;

/** From here on what the program writes is for this account alone: prompts and outputs are in it. */
export function keepFilesPrivate(): void {
  usualMask = process.umask(0o077);
}

/** Gives a file or folder that somebody asked for by `--out` the permissions that files of theirs usually have. */
export async function handOver(file: string): Promise<void> {
  const found = await lstat(file);
  if (found.isFile()) return chmod(file, 0o666 & ~usualMask);
  if (!found.isDirectory()) return;
  await chmod(file, 0o777 & ~usualMask);
  for (const name of await readdir(file)) await handOver(path.join(file, name));
}
