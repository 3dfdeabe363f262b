import { WorkbenchError } from '../../shared/domain/errors.ts';

/**
 * What the system said of a file, as a sentence that names the file and what to do. Our own errors pass; what is no failure
 * of the file system is a defect and passes too.
 */
export function asFileError(error: unknown, file: string, done: 'read' | 'written'): unknown {
  const { code, message, path: place = file } = error as NodeJS.ErrnoException;
  if (error instanceof WorkbenchError || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  const { why, remedy } = systemReasons[code] ?? { why: message, remedy: 'Check the path and its disk.' };
  return new WorkbenchError('io', `${place} could not be ${done}: ${why}.`, {
    remedy,
    place: { file: place },
    cause: error,
  });
}

const systemReasons: Readonly<Record<string, { why: string; remedy: string }>> = {
  ENOSPC: { why: 'the disk is full', remedy: 'Free some space on that disk, or choose a place on another one.' },
  EDQUOT: { why: 'your quota on that disk is used up', remedy: 'Free some space, or choose a place on another disk.' },
  EACCES: { why: 'it is not permitted', remedy: 'Choose a folder that you may use, or ask its owner.' },
  EPERM: { why: 'it is not permitted', remedy: 'Choose a folder that you may use, or ask its owner.' },
  EROFS: { why: 'the disk is read-only', remedy: 'Choose a folder on a writable disk.' },
  ENOENT: { why: 'there is no such file or folder', remedy: 'Check the path; its folder must exist.' },
  ENOTDIR: {
    why: 'a part of its path is a file',
    remedy: 'Choose another folder: this path goes through a file.',
  },
  EISDIR: { why: 'it is a folder', remedy: 'Name a file in it.' },
  EEXIST: { why: 'there is a file of that name already', remedy: 'Choose another name.' },
  ENAMETOOLONG: { why: 'the name is too long for this disk', remedy: 'Choose a shorter one.' },
  EMFILE: { why: 'too many files are open', remedy: 'Raise the limit on open files (ulimit -n), then try again.' },
  ENFILE: { why: 'too many files are open on this machine', remedy: 'Close other programs, then try again.' },
  EIO: { why: 'the disk reported a failure', remedy: 'Check the disk.' },
  ELOOP: { why: 'links in its path lead in a circle', remedy: 'Check the path.' },
};
