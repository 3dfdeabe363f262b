import { createWriteStream } from 'node:fs';
import { mkdtemp, open, readdir, realpath, rename, rm, rmdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as yauzl from 'yauzl';
import { checkZipDirectory, checksumGate, notAnArchive } from '../../imports/index.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { checkDatabaseFile } from '../../store/database-file.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { asFileError } from './file-errors.ts';
import { mark } from './own-folder.ts';
import { packedDatabase, packedFolders } from './workspace-file.ts';
import { makeFolder } from '../../system/folders.ts';

export interface RestoreOptions {
  /** What the unpacked files may take, in bytes; without it, what an honest archive of this size does. */
  maxBytes?: number;
}

const maxEntries = 1_000_000;
/** Text shrinks five to ten times, weights hardly: an archive beyond this is asked about. */
const usualGrowth = 20;
const alwaysAllowedBytes = 256 * 2 ** 20;
const maxNameBytes = 255;

/** Unpacks a workspace file into a folder that does not exist or is empty: all of it, checked, or nothing. */
export async function importWorkspaceFile(
  file: string,
  folder: string,
  task: Task,
  options: RestoreOptions = {},
): Promise<{ folder: string; files: number }> {
  let draft: string | null = null;
  const target = path.resolve(folder);
  try {
    const isThere = await requireEmpty(target);
    await makeFolder(path.dirname(target));
    const entries = await readDirectory(file, task);
    const home = isThere ? await realpath(target) : target;
    await requireRoom(file, path.dirname(home), entries, options);
    draft = await mkdtemp(path.join(path.dirname(home), '.flipguard-import-'));
    await unpack(file, draft, entries, task);
    task.progress('checking the database', null);
    await requireSound(file, path.join(draft, packedDatabase));
    await mark({ root: draft });
    // Never more than an empty folder: what came into it meanwhile keeps it, and this fails.
    if (isThere) await rmdir(home);
    await rename(draft, home);
    return { folder: target, files: entries.length };
  } catch (error) {
    throw asFileError(error, target, 'written');
  } finally {
    if (draft !== null) await rm(draft, { recursive: true, force: true });
  }
}

/** Whether the folder is there; it has nothing in it then. */
async function requireEmpty(folder: string): Promise<boolean> {
  let entries: string[];
  try {
    entries = await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  if (entries.length === 0) return true;
  const what = entries.includes(packedDatabase) ? 'holds a workspace already' : `is not empty: it holds ${entries[0]}`;
  throw new WorkbenchError('conflict', `${folder} ${what}.`, {
    remedy: 'Name a new or an empty folder with --workspace.',
    place: { file: folder },
  });
}

interface PackedEntry {
  readonly name: string;
  readonly bytes: number;
}

/** Everything that the archive's directory says, checked before a byte is unpacked. */
async function readDirectory(file: string, task: Task): Promise<PackedEntry[]> {
  await checkZipDirectory(file, file, maxEntries);
  const names = new Names(file);
  const entries: PackedEntry[] = [];
  const zip = await openZip(file);
  try {
    for await (const entry of zip.eachEntry()) {
      throwIfCancelled(task);
      const name = nameOf(entry);
      names.add(name, entry);
      if (!name.endsWith('/')) entries.push({ name, bytes: entry.uncompressedSize });
    }
  } catch (error) {
    throw error instanceof WorkbenchError ? error : notAnArchive(file, error);
  } finally {
    zip.close();
  }
  if (!entries.some(({ name }) => name === packedDatabase)) throw notAWorkspace(file, `it holds no ${packedDatabase}`);
  return entries;
}

function nameOf(entry: yauzl.Entry): string {
  return Buffer.from(entry.fileName).toString('utf8');
}

const symbolicLink = 0o12;

/** Names are the archive's only say on where something goes: each has its one place below the folders a workspace has. */
class Names {
  readonly #file: string;
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(file: string) {
    this.#file = file;
  }

  add(name: string, entry: yauzl.Entry): void {
    const parts = name.replace(/\/$/, '').split('/');
    const top = parts[0] ?? '';
    const isFolder = name.endsWith('/');
    if (parts.some((part) => !isPlain(part))) throw this.#refuse(name, 'its name leads outside or fits no disk');
    if (entry.isEncrypted()) throw this.#refuse(name, 'it is encrypted');
    if (((entry.externalFileAttributes >>> 28) & 0o17) === symbolicLink) throw this.#refuse(name, 'it is a link');
    const isKnown = isFolder || parts.length > 1 ? packedFolders.some((one) => one === top) : name === packedDatabase;
    if (!isKnown) throw notAWorkspace(this.#file, `it holds “${name}”`);
    // Some disks do not tell capitals apart, nor accents written in two ways.
    const key = parts.join('/').normalize('NFC').toLowerCase();
    const above = parts.slice(0, -1).map((_, i) =>
      parts
        .slice(0, i + 1)
        .join('/')
        .normalize('NFC')
        .toLowerCase(),
    );
    const clashes =
      this.#files.has(key) || (!isFolder && this.#folders.has(key)) || above.some((one) => this.#files.has(one));
    if (clashes) throw this.#refuse(name, 'another entry has its place');
    for (const one of above) this.#folders.add(one);
    (isFolder ? this.#folders : this.#files).add(key);
  }

  #refuse(name: string, why: string): WorkbenchError {
    return new WorkbenchError('bad-input', `${this.#file} was refused: of its entry “${name}”, ${why}.`, {
      remedy: 'Do not use this file; ask for a fresh export.',
      place: { file: this.#file },
    });
  }
}

/** One part of a name that means the same on every system. */
function isPlain(part: string): boolean {
  if (part === '' || part === '.' || part === '..' || Buffer.byteLength(part) > maxNameBytes) return false;
  return !/[\p{Cc}\\:*?"<>|\ufffd]/u.test(part) && !/[. ]$/.test(part);
}

async function requireRoom(
  file: string,
  folder: string,
  entries: readonly PackedEntry[],
  { maxBytes }: RestoreOptions,
): Promise<void> {
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const allowed = maxBytes ?? Math.max(alwaysAllowedBytes, usualGrowth * (await stat(file)).size);
  if (bytes > allowed) {
    throw new WorkbenchError(
      'bad-input',
      `${file} was refused: it unpacks to ${gigabytes(bytes)}, and ${gigabytes(allowed)} are allowed.`,
      {
        remedy: `If you trust it, allow more: --max-size ${Math.ceil(bytes / 1e9)}GB.`,
        place: { file },
      },
    );
  }
  const disk = await statfs(folder);
  if (bytes <= disk.bavail * disk.bsize) return;
  throw new WorkbenchError(
    'io',
    `The disk of ${folder} has ${gigabytes(disk.bavail * disk.bsize)} free, and the workspace takes ${gigabytes(bytes)}.`,
    { remedy: 'Free some space, or name a folder on another disk with --workspace.', place: { file: folder } },
  );
}

function gigabytes(bytes: number): string {
  return bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Names were checked when the directory was read; contents are checked here, byte by byte against their sums. */
async function unpack(file: string, folder: string, entries: readonly PackedEntry[], task: Task): Promise<void> {
  const zip = await openZip(file);
  let done = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      throwIfCancelled(task);
      const name = nameOf(entry);
      if (name.endsWith('/')) continue;
      // The file was replaced since its directory was read.
      if (entries[done]?.name !== name) throw new Error('it changed while it was read');
      const out = path.join(folder, name);
      await makeFolder(path.dirname(out), 0o700);
      const content = await zip.openReadStreamPromise(entry);
      const target = createWriteStream(out, { flags: 'wx', mode: 0o600 });
      await pipeline(content, checksumGate(entry, name), target, { signal: task.signal });
      done += 1;
      task.progress('unpacking', done / entries.length);
    }
  } catch (error) {
    throwIfCancelled(task);
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (error instanceof WorkbenchError || /^E[A-Z]+$/.test(code)) throw error;
    throw new WorkbenchError('bad-input', `${file} is damaged: ${(error as Error).message}.`, {
      remedy: 'Copy or export it again; nothing was imported.',
      place: { file },
      cause: error,
    });
  } finally {
    zip.close();
  }
}

/** SQLite's own check of the unpacked database, before anything believes it. */
async function requireSound(file: string, database: string): Promise<void> {
  const magic = 'SQLite format 3\0';
  const handle = await open(database);
  const head = Buffer.alloc(magic.length);
  try {
    await handle.read(head, 0, magic.length, 0);
  } finally {
    await handle.close();
  }
  if (head.toString('latin1') !== magic) throw notAWorkspace(file, `its ${packedDatabase} is no database`);
  const said = await checkDatabaseFile(database).catch((error: unknown) => {
    if (error instanceof WorkbenchError && error.code === 'unsupported') throw error;
    return (error as Error).message;
  });
  await Promise.all(['-wal', '-shm'].map((ending) => rm(database + ending, { force: true })));
  if (said === 'ok') return;
  throw new WorkbenchError(
    'bad-input',
    `${file} is damaged: the database in it fails its check (${said.slice(0, 200)}).`,
    {
      remedy: 'Export the workspace again; nothing was imported.',
      place: { file },
    },
  );
}

async function openZip(file: string): Promise<yauzl.ZipFile> {
  try {
    return await yauzl.openPromise(file, { decodeStrings: false, autoClose: false });
  } catch (cause) {
    throw notAnArchive(file, cause);
  }
}

function notAWorkspace(file: string, why: string): WorkbenchError {
  return new WorkbenchError('bad-input', `${file} is not a workspace that was exported: ${why}.`, {
    remedy: 'Choose a file written by: flipguard export workspace --out FILE.',
    place: { file },
  });
}
