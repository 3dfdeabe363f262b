import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, realpath, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { FolderListing } from '../../shared/contract/views.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { inside } from './inside.ts';
import { batchName } from './made-files.ts';
import { placeOf } from './typed-path.ts';
import { makeFolder } from '../../system/folders.ts';

/**
 * Files as windows see them: opaque handles for what the main side has offered. A window never sends a path, so a page
 * that takes over the window reads nothing that was not shown to it. Where a person types a path, it is checked here, and hidden
 * folders (keys, credentials) stay out of reach as they do in listings.
 */
export interface Files {
  /** A handle for a path that the trusted side chose (a dialog, an upload, a folder listing). */
  offer(file: string): string;
  /** Where a window fetches a file that was made for it; relative to the page's own address. */
  downloadPath(file: string): string;
  /** The path behind a handle. */
  pathOf(handle: string): string;
  browse(handle: string | null): Promise<FolderListing>;
  /** A folder for several files that are handed over together. */
  beginUpload(): Promise<{ handle: string }>;
  /**
   * Takes an upload in as it comes and returns its handle; nothing stays behind when it fails. With a folder of `beginUpload`, the
   * name may be a path below it.
   */
  receiveUpload(
    name: string,
    chunks: AsyncIterable<Uint8Array>,
    folder?: string | null,
  ): Promise<{ handle: string; name: string }>;
  /** Removes what was handed over with `beginUpload`. */
  dropUpload(handle: string): Promise<void>;
  /** A path as people read it: `~` for the home folder. */
  labelOf(file: string): string;
  /** Whether a file was handed over, and is not somebody's own. */
  isUpload(file: string): boolean;
  /**
   * A file or folder that a person named by its path. The path is looked at here: a window can ask, never open.
   * @throws WorkbenchError where it is not absolute, not there, hidden, or neither file nor folder.
   */
  find(typed: string): Promise<{ handle: string; name: string; kind: 'file' | 'folder' }>;
  /** A native dialog, where the shell has one. */
  pick(purpose: 'file' | 'folder'): Promise<{ handle: string; name: string } | null>;
}

export type Dialog = (purpose: 'file' | 'folder') => Promise<string | null>;

export interface FilesOptions {
  /** Makes the place of an upload and has it written; nothing stays behind when that fails. Returns the file. */
  makeUpload: (name: string, write: (file: string) => Promise<void>) => Promise<string>;
  discardUpload: (file: string) => Promise<void>;
  isUpload: (file: string) => boolean;
  /** Where browsing starts. */
  roots: readonly string[];
  maxUploadBytes: number;
  dialog?: Dialog | undefined;
}

const keptHandles = 20_000;
const maxListed = 5_000;
const mostFilesTogether = 20_000;
const deepestPath = 12;

export function createFiles(options: FilesOptions): Files {
  const paths = new Map<string, string>();
  const handles = new Map<string, string>();
  /** Folders of `beginUpload`, with how many files each has received. */
  const batches = new Map<string, number>();

  function offer(file: string): string {
    const known = handles.get(file);
    if (known !== undefined) return known;
    const handle = randomUUID();
    paths.set(handle, file);
    handles.set(file, handle);
    forgetOldest();
    return handle;
  }

  function forgetOldest(): void {
    for (const [handle, file] of paths) {
      if (paths.size <= keptHandles) return;
      paths.delete(handle);
      handles.delete(file);
    }
  }

  function pathOf(handle: string): string {
    const file = paths.get(handle);
    if (file !== undefined) return file;
    throw new WorkbenchError('not-found', 'This file is no longer offered.', { remedy: 'Choose it again.' });
  }

  async function receiveInto(
    folder: string,
    name: string,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<{ handle: string; name: string }> {
    const files = batches.get(folder);
    if (files === undefined) throw notABatch();
    if (files >= mostFilesTogether)
      throw new WorkbenchError('bad-input', `More than ${mostFilesTogether} files were dropped together.`, {
        remedy: 'Import them on the machine itself: type the path of their folder.',
      });
    batches.set(folder, files + 1);
    const parts = name.split('/').slice(-deepestPath).map(safeFileName);
    const file = inside(folder, ...parts);
    await makeFolder(path.dirname(file), 0o700);
    try {
      await writeUpload(file, chunks, options.maxUploadBytes);
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return { handle: offer(file), name: parts.at(-1) ?? '' };
  }

  return {
    offer,
    pathOf,
    downloadPath: (file) => `download/${offer(file)}`,
    async browse(handle) {
      if (handle === null) return listRoots(options.roots, offer);
      return listFolder(pathOf(handle), options.roots, offer);
    },
    async beginUpload() {
      const folder = await options.makeUpload(batchName, (place) => mkdir(place, { mode: 0o700 }));
      batches.set(folder, 0);
      return { handle: offer(folder) };
    },
    isUpload: options.isUpload,
    labelOf,
    async dropUpload(handle) {
      const folder = pathOf(handle);
      if (!batches.delete(folder)) throw notABatch();
      await options.discardUpload(folder);
    },
    find: async (typed) => {
      const { file, kind } = await placeOf(typed);
      return { handle: offer(file), name: path.basename(file) || file, kind };
    },
    async receiveUpload(name, chunks, batch = null) {
      if (batch !== null) return receiveInto(pathOf(batch), name, chunks);
      const shown = safeFileName(name);
      const file = await options.makeUpload(shown, (place) => writeUpload(place, chunks, options.maxUploadBytes));
      return { handle: offer(file), name: shown };
    },
    async pick(purpose) {
      const picked = (await options.dialog?.(purpose)) ?? null;
      return picked === null ? null : { handle: offer(picked), name: path.basename(picked) };
    },
  };
}

function notABatch(): WorkbenchError {
  return new WorkbenchError('not-found', 'These files are no longer being transferred.', {
    remedy: 'Drop the files again.',
  });
}

/** The last part of a name, without what a file system or a terminal might act on. */
export function safeFileName(name: string): string {
  const last = name.normalize('NFC').split(/[\\/]/).at(-1) ?? '';
  const plain = last.replace(/[\p{Cc}\p{Bidi_Control}<>:"|?*]/gu, '_').replace(/^[.\s]+|[.\s]+$/g, '');
  const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain);
  return plain === '' || reserved ? `file-${plain}`.slice(0, 120) : plain.slice(-120);
}

async function writeUpload(file: string, chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<void> {
  const out = await open(file, 'wx', 0o600);
  try {
    let bytes = 0;
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      await out.write(chunk);
    }
  } finally {
    await out.close();
  }
}

function tooLarge(maxBytes: number): WorkbenchError {
  return new WorkbenchError('bad-input', `The file is larger than ${Math.round(maxBytes / 1e9)} GB.`, {
    remedy: 'Import it on the machine itself: flipguard import …, or browse to it there.',
  });
}

async function listRoots(roots: readonly string[], offer: (file: string) => string): Promise<FolderListing> {
  const entries: FolderListing['entries'] = [];
  for (const root of roots) {
    const folder = await realpath(root).catch(() => null);
    if (folder === null) continue;
    entries.push({ handle: offer(folder), name: labelOf(folder), kind: 'folder', sizeBytes: null, modifiedAt: null });
  }
  return { handle: '', label: 'This machine', parent: null, entries };
}

async function listFolder(
  folder: string,
  roots: readonly string[],
  offer: (file: string) => string,
): Promise<FolderListing> {
  const found = await readFolder(folder);
  const entries = await Promise.all(found.slice(0, maxListed).map((entry) => describe(folder, entry, offer)));
  const listed = entries.filter((entry) => entry !== null).sort(foldersFirst);
  const isRoot = roots.some((root) => path.resolve(root) === folder) || path.dirname(folder) === folder;
  return {
    handle: offer(folder),
    label: labelOf(folder),
    parent: isRoot ? null : offer(path.dirname(folder)),
    entries: listed,
  };
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.name.startsWith('.'));
  } catch (error) {
    throw new WorkbenchError('io', `${labelOf(folder)} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function describe(
  folder: string,
  entry: Dirent,
  offer: (file: string) => string,
): Promise<FolderListing['entries'][number] | null> {
  const file = path.join(folder, entry.name);
  const found = await stat(file).catch(() => null);
  if (found === null || !(found.isFile() || found.isDirectory())) return null;
  return {
    handle: offer(file),
    name: entry.name,
    kind: found.isDirectory() ? 'folder' : 'file',
    sizeBytes: found.isFile() ? found.size : null,
    modifiedAt: Math.round(found.mtimeMs),
  };
}

type Listed = FolderListing['entries'][number];
function foldersFirst(a: Listed, b: Listed): number {
  if (a.kind !== b.kind) return a.kind === 'folder' ? -1 : 1;
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

/** A path as people read it: `~` for the home folder. */
function labelOf(folder: string): string {
  const home = os.homedir();
  if (folder === home) return '~';
  return folder.startsWith(home + path.sep) ? `~${folder.slice(home.length)}` : folder;
}
