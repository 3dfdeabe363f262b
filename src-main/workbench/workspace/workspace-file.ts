import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';
import { ZipFile } from 'yazl';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

/** What a workspace file holds beside the database. Caches can be made again, uploads have been imported. */
const folders = ['runs', 'models', 'reports', 'exports'] as const;
const databaseName = 'workspace.sqlite';
/** Files of a run that say which process works on it. */
const transient = /(^|\/)(owner\.lock|trainer\.json|request\.json)$|\.tmp$/;

/** The whole workspace as one zip file: the database as of one moment, run folders, models made here, reports. */
export async function exportWorkspaceFile(
  core: Core,
  out: string,
  task: Task,
): Promise<{ path: string; files: number }> {
  const draft = `${out}.${process.pid}.tmp`;
  const database = path.join(core.layout.cache, `export-${process.pid}.sqlite`);
  try {
    task.progress('copying the database', 0);
    await core.store.exportWorkspace(database);
    const files = await listFiles(core.layout.root);
    const zip = new ZipFile();
    const written = pipeline(zip.outputStream, createWriteStream(draft));
    zip.addFile(database, databaseName);
    for (const [i, name] of files.entries()) {
      throwIfCancelled(task);
      // Weights do not shrink: storing them is quicker by far.
      zip.addFile(path.join(core.layout.root, name), name, { compress: !name.endsWith('.safetensors') });
      task.progress('packing', (i + 1) / files.length);
    }
    zip.end();
    await written;
    await rename(draft, out);
    return { path: out, files: files.length + 1 };
  } finally {
    await Promise.all([draft, database].map((file) => rm(file, { force: true })));
  }
}

/** Unpacks a workspace file into a folder that holds no workspace yet: all of it, or nothing. */
export async function importWorkspaceFile(
  file: string,
  folder: string,
  task: Task,
): Promise<{ folder: string; files: number }> {
  const target = path.resolve(folder);
  await requireEmpty(target);
  const draft = `${target}.${process.pid}.tmp`;
  try {
    const files = await unpack(file, draft, task);
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    return { folder: target, files };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function listFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const name = path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
      if (entry.isFile() && !transient.test(name)) found.push(name);
    }
  }
  return found.sort();
}

async function requireEmpty(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((): string[] => []);
  if (!entries.includes(databaseName)) return;
  throw new WorkbenchError('conflict', `${folder} holds a workspace already.`, {
    remedy: 'Name a new folder with --workspace.',
    place: { file: folder },
  });
}

/** yauzl refuses absolute names and names with `..`; what remains is checked against the folders a workspace has. */
async function unpack(file: string, folder: string, task: Task): Promise<number> {
  const zip = await openZip(file);
  let files = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      throwIfCancelled(task);
      if (entry.fileName.endsWith('/')) continue;
      const out = path.join(folder, checkedName(file, entry.fileName));
      await mkdir(path.dirname(out), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(out, { flags: 'wx' }));
      files += 1;
      task.progress('unpacking', files / zip.entryCount);
    }
  } finally {
    zip.close();
  }
  if (await stat(path.join(folder, databaseName)).catch(() => null)) return files;
  throw notAWorkspace(file);
}

function checkedName(file: string, name: string): string {
  const [top] = name.split('/');
  if (name === databaseName || folders.some((folder) => folder === top)) return name;
  throw notAWorkspace(file);
}

async function openZip(file: string): Promise<yauzl.ZipFile> {
  try {
    return await yauzl.openPromise(file);
  } catch (cause) {
    throw new WorkbenchError('bad-input', `${file} cannot be read as a workspace file.`, { cause, place: { file } });
  }
}

function notAWorkspace(file: string): WorkbenchError {
  return new WorkbenchError('bad-input', `${file} is not a workspace that was exported.`, {
    remedy: 'Choose a file written by: flipguard export workspace --out FILE.',
    place: { file },
  });
}
