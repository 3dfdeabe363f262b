import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';

/** Says in helpful words that a file could not be written. Other errors pass unchanged. */
export function fileError(path: string, error: unknown): unknown {
  // Node's own failures carry the system call; SQLite's are translated elsewhere.
  if (!(error instanceof Error && 'syscall' in error)) return error;
  return new WorkbenchError('io', `“${path}” could not be written: ${reportOf(error).message}`, {
    remedy: 'Check that the folder exists, that you may write to it, and that the disk has space.',
    cause: error,
  });
}
