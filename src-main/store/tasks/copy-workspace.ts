import { closeSync, openSync, statSync } from 'node:fs';
import { makeWholeSync } from '../../system/whole-file.ts';
import type { ReadableDb } from '../database.ts';
import { fileError } from './file-error.ts';

/**
 * The whole database as of one moment, in one compact file at `path`. Files next to the database (run folders, reports) are the
 * caller's business. The file gets its name only when it is complete.
 */
export function copyWorkspace(db: ReadableDb, path: string): { sizeBytes: number } {
  try {
    makeWholeSync(path, (draft) => {
      // Reserves the path; if that fails, the error is the file system's own.
      closeSync(openSync(draft, 'wx', 0o600));
      db.raw.prepare('VACUUM INTO ?').run(draft);
    });
    return { sizeBytes: statSync(path).size };
  } catch (error) {
    throw fileError(path, error);
  }
}
