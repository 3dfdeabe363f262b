import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { FolderListing } from '../../shared/contract/views.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';

/**
 * Files as windows see them: opaque handles for what the main side has offered. A window never sends a path, so a page
 * that takes over the window reads nothing that was not shown to it.
 */
export interface Files {
  /** A handle for a path that the trusted side chose (a dialog, an upload, a folder listing). */
  offer(file: string): string;
  /** Where a window fetches a file that was made for it; relative to the page's own address. */
  downloadPath(file: string): string;
  /** The path behind a handle. */
  pathOf(handle: string): string;
  browse(handle: string | null): Promise<FolderListing>;
  /** Takes an upload in as it comes and answers its handle; nothing stays behind when it fails. */
  receiveUpload(name: string, chunks: AsyncIterable<Uint8Array>): Promise<{ handle: string; name: string }>;
  /** A native dialog, where the shell has one. */
  pick(purpose: 'file' | 'folder'): Promise<{ handle: string; name: string } | null>;
}

export type Dialog = (purpose: 'file' | 'folder') => Promise<string | null>;

export interface FilesOptions {
  /** Makes the place of an upload and has it written; nothing stays behind when that fails. Returns the file. */
  makeUpload: (name: string, write: (file: string) => Promise<void>) => Promise<string>;
  /** Where browsing starts. */
  roots: readonly string[];
  maxUploadBytes: number;
  dialog?: Dialog | undefined;
}

const keptHandles = 20_000;
const maxListed = 5_000;

export function createFiles(options: FilesOptions): Files {
  const paths = new Map<string, string>();
  const handles = new Map<string, string>();

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
    throw new WorkbenchError('not-found', 'This file is no longer on offer.', { remedy: 'Choose it again.' });
  }

  return {
    offer,
    pathOf,
    downloadPath: (file) => `download/${offer(file)}`,
    async browse(handle) {
      if (handle === null) return listRoots(options.roots, offer);
      return listFolder(pathOf(handle), options.roots, offer);
    },
    async receiveUpload(name, chunks) {
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
    remedy: 'Import it on the machine itself: flipguard import …, or browse to it.',
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
