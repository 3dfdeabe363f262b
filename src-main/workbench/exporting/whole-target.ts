import { lstat, rename, rm } from 'node:fs/promises';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { draftOf } from '../../system/drafts.ts';
import { makeWhole } from '../../system/whole-file.ts';
import { refuseExisting } from '../workspace/workspace-file.ts';
import { makeFolder } from '../../system/folders.ts';

export interface Target {
  out: string;
  /** What is there under that name is replaced. */
  overwrite: boolean;
}

/** A file that somebody asked for: it is there when all of it is, and after a cancel or on a full disk nothing is. */
export async function wholeFile<T>({ out, overwrite }: Target, make: (draft: string) => Promise<T>): Promise<T> {
  if (!overwrite) await refuseExisting(out);
  if ((await lstat(out).catch(() => null))?.isDirectory() === true) throw isFolder(out);
  return told(out, () => makeWhole(out, make));
}

/** The same of a folder. One that is there is never replaced: it may hold more than an export. */
export async function wholeFolder<T>({ out }: Target, make: (draft: string) => Promise<T>): Promise<T> {
  if ((await lstat(out).catch(() => null)) !== null) {
    throw new WorkbenchError('conflict', `${out} already exists.`, {
      remedy: 'Name a folder that does not exist.',
      place: { file: out },
    });
  }
  const draft = draftOf(out);
  return told(out, async () => {
    try {
      await makeFolder(draft);
      const made = await make(draft);
      await rename(draft, out);
      return made;
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
  });
}

function isFolder(out: string): WorkbenchError {
  return new WorkbenchError('conflict', `${out} is a folder.`, {
    remedy: 'Name a file: --out FILE.',
    place: { file: out },
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'this account may not write there',
  EPERM: 'this account may not write there',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'its name is too long',
  ENOTDIR: 'a part of its path is a file',
};

async function told<T>(out: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (cause instanceof WorkbenchError || typeof code !== 'string') throw cause;
    throw new WorkbenchError('io', `${out} could not be written: ${reasons[code] ?? (cause as Error).message}.`, {
      remedy: 'Name another place with --out. Nothing was left behind.',
      place: { file: out },
      cause,
    });
  }
}
