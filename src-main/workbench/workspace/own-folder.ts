import { chmod, lstat, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { databaseName } from '../../store/client.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { WorkspaceLayout } from './workspace-layout.ts';
import { makeFolder } from '../../system/folders.ts';

/** Says that the folder is ours. Its presence counts; what it says is for people who wonder. */
export const markerName = 'flipguard-workspace.json';
const markerText = `${JSON.stringify({ program: 'FlipGuard Workbench', about: 'This folder is a workspace: the program writes, tidies and removes files in it.' }, null, 2)}\n`;

/** What operating systems put into any folder, an empty one too. */
const strangers = new Set(['.DS_Store', '.localized', 'Thumbs.db', 'desktop.ini', 'lost+found', '.directory']);

/**
 * Makes sure that the folder is a workspace before anything in it is touched: one with our marker, an older one with our
 * database (which the store checks when it opens it), or an empty or absent one, which becomes ours. Everything else is
 * somebody's folder and is refused.
 */
export async function claimFolder(layout: WorkspaceLayout): Promise<void> {
  const found = await entriesOf(layout.root);
  if (found === null) {
    await makeRoot(layout.root);
    return mark(layout);
  }
  const entries = await whatCounts(layout, found);
  if (entries.length === 0) return mark(layout);
  const isMarked = entries.includes(markerName) && (await isFile(path.join(layout.root, markerName)));
  await refuseLinks(layout, entries);
  const hasDatabase = await sizeOf(path.join(layout.root, databaseName));
  if (hasDatabase > 0) return;
  const ours = entries.filter((name) => layoutNames(layout).includes(name));
  if (isMarked && ours.length === 0) return;
  if (isMarked || (await holdsRuns(layout))) throw lostDatabase(layout, entries);
  throw notOurs(layout.root, entries);
}

/** Writes the marker; called again for a workspace of an older version once the store has found it to be ours. */
export async function mark({ root }: Pick<WorkspaceLayout, 'root'>): Promise<void> {
  try {
    const file = await open(path.join(root, markerName), 'wx', 0o600);
    try {
      await file.writeFile(markerText);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw unwritable(root, error);
  }
}

/** Nobody else on the machine may read prompts and outputs. Folders that we made become private; the root, if it was made by somebody, is left as it is. */
export async function makePrivate(layout: WorkspaceLayout): Promise<void> {
  const folders = layoutNames(layout).map((name) => path.join(layout.root, name));
  const files = ['', '-wal', '-shm'].map((ending) => path.join(layout.root, databaseName + ending));
  await Promise.all([
    ...folders.map((folder) => chmod(folder, 0o700).catch(ignoreRefusal)),
    ...files.map((file) => chmod(file, 0o600).catch(ignoreRefusal)),
  ]);
}

/** A file system without permissions, or a file that has just gone, is no reason not to open the workspace. */
function ignoreRefusal(error: NodeJS.ErrnoException): void {
  if (!['ENOENT', 'EPERM', 'EROFS', 'EACCES', 'ENOTSUP', 'ENOSYS'].includes(error.code ?? '')) throw error;
}

function layoutNames({ root, ...folders }: WorkspaceLayout): string[] {
  return Object.values(folders).map((folder: string) => path.relative(root, folder));
}

async function makeRoot(root: string): Promise<void> {
  try {
    await makeFolder(root, 0o700);
  } catch (error) {
    throw unwritable(root, error);
  }
}

async function entriesOf(root: string): Promise<string[] | null> {
  try {
    return await readdir(root);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    const why = code === 'ENOTDIR' ? 'it is a file, not a folder' : message;
    throw new WorkbenchError('io', `The workspace ${root} cannot be opened: ${why}.`, {
      remedy: 'Name another folder: --workspace DIR or $FLIPGUARD_HOME.',
      place: { file: root },
      cause: error,
    });
  }
}

/**
 * All entries but what any folder may have in it, and files without a byte under names that are none of ours: a log that a shell has just
 * opened there, for example, loses nothing and is never touched.
 */
async function whatCounts(layout: WorkspaceLayout, found: readonly string[]): Promise<string[]> {
  const ours = new Set([markerName, databaseName, 'backups', ...layoutNames(layout)]);
  const isOurs = (name: string) => ours.has(name) || name.startsWith(`${databaseName}-`);
  const counted = await Promise.all(
    found.map(async (name) => {
      if (strangers.has(name)) return false;
      return isOurs(name) || !(await isEmptyFile(path.join(layout.root, name)));
    }),
  );
  return found.filter((_, i) => counted[i]);
}

/** A database or a folder of the workspace that is a link would have us write, tidy and remove somewhere else. */
async function refuseLinks(layout: WorkspaceLayout, entries: readonly string[]): Promise<void> {
  const names = [markerName, databaseName, `${databaseName}-wal`, `${databaseName}-shm`, `${databaseName}-journal`];
  for (const name of [...names, 'backups', ...layoutNames(layout)]) {
    if (!entries.includes(name)) continue;
    const found = await lstat(path.join(layout.root, name));
    if (!found.isSymbolicLink()) continue;
    throw new WorkbenchError('unsupported', `${path.join(layout.root, name)} is a link to another place.`, {
      remedy:
        'The workbench writes and removes files in a workspace, so none of its own folders may lead out of it. Put the folder itself there, or move the whole workspace.',
      place: { file: path.join(layout.root, name) },
    });
  }
}

async function holdsRuns(layout: WorkspaceLayout): Promise<boolean> {
  const runs = await readdir(layout.runs).catch((): string[] => []);
  const specs = await Promise.all(runs.map((name) => isFile(path.join(layout.runs, name, 'spec.json'))));
  return specs.includes(true);
}

async function isFile(file: string): Promise<boolean> {
  return (await lstat(file).catch(() => null))?.isFile() ?? false;
}

async function isEmptyFile(file: string): Promise<boolean> {
  const found = await lstat(file).catch(() => null);
  return found !== null && found.isFile() && found.size === 0;
}

async function sizeOf(file: string): Promise<number> {
  const found = await lstat(file).catch(() => null);
  return found === null ? 0 : Math.max(found.size, found.isFile() ? 0 : 1);
}

function lostDatabase({ root }: WorkspaceLayout, entries: readonly string[]): WorkbenchError {
  const what = entries.includes(databaseName) ? 'is empty' : 'is gone';
  const backups = entries.includes('backups') ? 'the newest file of its “backups” folder or from ' : '';
  return new WorkbenchError(
    'corrupt',
    `The database of the workspace ${root} ${what}: ${databaseName} should be next to its other files. Nothing was changed.`,
    {
      remedy: `Restore it from ${backups}a backup of yours, or bring back an exported workspace in a new folder (flipguard import workspace FILE --workspace DIR). To start afresh, name another folder.`,
      place: { file: path.join(root, databaseName) },
    },
  );
}

const shownEntries = 3;

function notOurs(root: string, entries: readonly string[]): WorkbenchError {
  const more = entries.length > shownEntries ? ` and ${entries.length - shownEntries} more` : '';
  const names = entries.slice(0, shownEntries).join(', ');
  return new WorkbenchError('bad-input', `${root} is not a workspace, and it is not empty: it holds ${names}${more}.`, {
    remedy:
      'The workbench writes and removes files in its workspace. Name an empty or a new folder: --workspace DIR or $FLIPGUARD_HOME.',
    place: { file: root },
  });
}

function unwritable(root: string, cause: unknown): WorkbenchError {
  return new WorkbenchError('io', `The workspace ${root} cannot be written to: ${(cause as Error).message}`, {
    remedy: 'Name a folder that you may write to: --workspace DIR or $FLIPGUARD_HOME.',
    place: { file: root },
    cause,
  });
}
