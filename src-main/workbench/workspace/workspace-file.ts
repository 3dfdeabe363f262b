import { createReadStream, createWriteStream } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { link, lstat, readdir, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { refuseDevice } from '../../system/whole-file.ts';
import { asFileError } from './file-errors.ts';

/** What a workspace file holds besides the database. Caches can be made again, uploads have been imported. */
export const packedFolders = ['runs', 'models', 'reports', 'exports'] as const;
export const packedDatabase = 'workspace.sqlite';
/** Files of a run that say which process works on it. */
const transient = /(^|\/)(owner\.lock|trainer\.json|request\.json)$|\.tmp$/;

export interface ExportOptions {
  /** Whether a file of that name may be replaced. */
  overwrite?: boolean;
}

/** The whole workspace as one zip file: the database as of one moment, run folders, models made here, reports. */
export async function exportWorkspaceFile(
  core: Core,
  out: string,
  task: Task,
  options: ExportOptions = {},
): Promise<{ path: string; files: number }> {
  const target = path.resolve(out);
  const draft = `${target}.${randomUUID()}.tmp`;
  const database = path.join(core.layout.cache, `export-${randomUUID()}.sqlite`);
  if (options.overwrite !== true) await refuseExisting(target);
  refuseDevice(target);
  try {
    task.progress('copying the database', 0);
    await core.store.exportWorkspace(database);
    const names = await listFiles(core.layout.root);
    const files = names.map((name) => ({ name, place: path.join(core.layout.root, name) }));
    await pack([{ name: packedDatabase, place: database }, ...files], draft, task);
    await publish(draft, target, options.overwrite === true);
    return { path: target, files: files.length + 1 };
  } catch (error) {
    throw asFileError(error, target, 'written');
  } finally {
    await Promise.all([draft, database].map((file) => rm(file, { force: true })));
  }
}

interface PackedFile {
  readonly name: string;
  readonly place: string;
}

/** One file at a time; when it fails or is cancelled, what was open is closed before this rejects. */
async function pack(files: readonly PackedFile[], draft: string, task: Task): Promise<void> {
  const zip = new ZipFile();
  const stop = new AbortController();
  let reading: ReadStream | null = null;
  let failure: unknown = null;
  const fail = (error: unknown): void => {
    failure ??= error;
    stop.abort();
  };
  const cancel = (): void => fail(new WorkbenchError('cancelled', 'Cancelled.'));
  zip.on('error', fail);
  task.signal.addEventListener('abort', cancel, { once: true });
  try {
    throwIfCancelled(task);
    for (const [i, { name, place }] of files.entries()) {
      // Weights do not shrink: storing them is quicker by far.
      zip.addReadStreamLazy(name, { compress: !name.endsWith('.safetensors') }, (answer) => {
        task.progress('packing', i / files.length);
        reading = createReadStream(place);
        reading.on('error', fail);
        answer(null, reading);
      });
    }
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(draft, { flags: 'wx', mode: 0o600 }), { signal: stop.signal });
  } catch (error) {
    throw failure ?? error;
  } finally {
    task.signal.removeEventListener('abort', cancel);
    await closed(reading);
  }
}

function closed(stream: ReadStream | null): Promise<void> {
  if (stream === null || stream.closed) return Promise.resolve();
  return new Promise((resolve) => stream.once('close', resolve).destroy());
}

/** The draft gets its name. A link never takes the place of a file that came meanwhile, as a rename would. */
async function publish(draft: string, target: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(draft, target);
  try {
    await link(draft, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw alreadyThere(target);
    // A file system without links (FAT, some network folders).
    await refuseExisting(target);
    await rename(draft, target);
  }
}

export async function refuseExisting(target: string): Promise<void> {
  if ((await lstat(target).catch(() => null)) !== null) throw alreadyThere(target);
}

function alreadyThere(target: string): WorkbenchError {
  return new WorkbenchError('conflict', `${target} already exists.`, {
    remedy: 'Choose another name, or replace it with --force.',
    place: { file: target },
  });
}

async function listFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of packedFolders) {
    const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const name = path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
      if (entry.isFile() && !transient.test(name)) found.push(name);
    }
  }
  return found.sort();
}
