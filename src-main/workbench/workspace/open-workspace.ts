import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, open, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { Store } from '../../store/api.ts';
import { databaseName, openStore } from '../../store/client.ts';
import type { WorkspaceLayout } from './workspace-layout.ts';

/** Given back to a full disk, so that a workspace can still be opened and things be removed from it. Twice what the database's log grows to: that has to find its place in the database first. */
export const reserveName = 'reserve.bin';
const reserveBytes = 8 * 2 ** 20;
/** With less than this free no reserve is made: it would be what fills the disk. */
const roomForReserve = 2 * reserveBytes;
const probeBytes = 256 * 1024;

export interface OpenedWorkspace {
  readonly store: Store;
  /** What hinders work here and what to do about it; null when nothing does. */
  readonly hindrance: ErrorReport | null;
  /** Nothing may be written: lists and comparisons that are there can be read. */
  readonly readOnly: boolean;
}

/**
 * Opens the database. On a full disk the reserve makes the room that opening and removing need; where there is none, and in a
 * folder that cannot be written to, what is there opens to be read.
 */
export async function openWorkspaceStore({ root }: WorkspaceLayout): Promise<OpenedWorkspace> {
  const database = path.join(root, databaseName);
  try {
    const store = await openStore(root);
    await keepReserve(root);
    return { store, hindrance: null, readOnly: false };
  } catch (error) {
    const found = reportOf(error).code === 'io' ? await whatHinders(root, database) : null;
    if (found === null) throw error;
    return found === 'full' ? openOnFullDisk(root, database) : openToRead(database, lockedReport(root, database));
  }
}

async function openOnFullDisk(root: string, database: string): Promise<OpenedWorkspace> {
  const reserve = path.join(root, reserveName);
  const size = (await lstat(reserve).catch(() => null))?.size ?? 0;
  if (size > 0) {
    await rm(reserve, { force: true });
    try {
      const store = await openStore(root);
      return {
        store,
        hindrance: fullReport(root, 'Its reserve was given back, so that you can remove things.'),
        readOnly: false,
      };
    } catch (error) {
      if (reportOf(error).code !== 'io') throw error;
    }
  }
  return openToRead(database, fullReport(root, 'The workspace is open to be read; nothing can be written.'));
}

async function openToRead(database: string, hindrance: ErrorReport): Promise<OpenedWorkspace> {
  try {
    return { store: await openStore(path.dirname(database), { readOnly: hindrance }), hindrance, readOnly: true };
  } catch (error) {
    // The copy has no place either, or the database may not even be read.
    if (!(error instanceof WorkbenchError) || error.code === 'io') throw WorkbenchError.fromReport(hindrance);
    throw error;
  }
}

/** Tries what a database does: writes a file in the folder, and opens the database for writing. Null: neither is hindered. */
async function whatHinders(root: string, database: string): Promise<'full' | 'read-only' | null> {
  const exists = await access(database).then(
    () => true,
    () => false,
  );
  if (!exists) return null;
  const probe = path.join(root, `.probe-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await access(database, constants.W_OK);
    const file = await open(probe, 'wx', 0o600);
    try {
      await file.writeFile(randomBytes(probeBytes));
      await file.sync();
    } finally {
      await file.close();
    }
    return null;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOSPC', 'EDQUOT'].includes(code)) return 'full';
    return ['EROFS', 'EACCES', 'EPERM'].includes(code) ? 'read-only' : null;
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}

function fullReport(root: string, state: string): ErrorReport {
  return {
    code: 'io',
    message: `The disk that holds the workspace ${root} is full. ${state}`,
    remedy: 'Free some space on that disk: remove runs that you do not need, or files of other programs.',
    place: { file: root },
  };
}

function lockedReport(root: string, database: string): ErrorReport {
  return {
    code: 'io',
    message: `The workspace ${root} is read-only: it is open to be read, and nothing can be written.`,
    remedy: `To work in it, copy it to a folder of yours, or ask for permission to write to ${path.basename(database)} and its folder.`,
    place: { file: root },
  };
}

/** Written in full and not sparse; a disk that is short of space keeps what it has. */
async function keepReserve(root: string): Promise<void> {
  const file = path.join(root, reserveName);
  try {
    const [found, disk] = await Promise.all([lstat(file).catch(() => null), statfs(root)]);
    if (found?.size === reserveBytes || disk.bavail * disk.bsize < roomForReserve) return;
    // Never through a link that somebody left under this name.
    await rm(file, { force: true });
    await writeFile(file, randomBytes(reserveBytes), { mode: 0o600, flag: 'wx' });
  } catch {
    // Without a reserve a full disk opens to be read alone: no reason to refuse the workspace now.
    await rm(file, { force: true }).catch(() => undefined);
  }
}
