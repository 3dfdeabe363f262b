import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { sizeOf } from '../session.ts';

/** A file of a source: where it is, and its name inside the source with `/` between folders. */
export interface SourceFile {
  path: string;
  name: string;
  bytes: number;
}

/** More files than any tool's results have: a folder of something else. */
const maxFiles = 100_000;

export async function isFolder(path: string): Promise<boolean> {
  await sizeOf(path);
  return (await stat(path)).isDirectory();
}

/** Files of a folder and `depth` levels below, in the order of their names. Links are not followed: they may lead anywhere. */
export async function listFiles(folder: string, depth = 3): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  await collect(folder, folder, depth, files);
  return files;
}

async function collect(root: string, folder: string, depth: number, files: SourceFile[]): Promise<void> {
  const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (files.length >= maxFiles) throw tooManyFiles(root);
    const path = join(folder, entry.name);
    if (entry.isDirectory() && depth > 0) await collect(root, path, depth - 1, files);
    else if (entry.isFile())
      files.push({ path, name: relative(root, path).split(sep).join('/'), bytes: await sizeOf(path) });
  }
}

function tooManyFiles(folder: string): WorkbenchError {
  return new WorkbenchError(
    'bad-input',
    `The folder ${basename(folder)} holds more than ${maxFiles.toLocaleString('en-US')} files.`,
    { remedy: 'Import the folder further down that holds the results.', place: { file: basename(folder) } },
  );
}
