import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import type { ReadableDb } from '../database.ts';
import { fileError } from './file-error.ts';

/**
 * The whole database as of one moment, in one compact file at `path`. Files beside the database (run folders, reports) are the
 * caller's. It takes its name only when it is complete.
 */
export function copyWorkspace(db: ReadableDb, path: string): { sizeBytes: number } {
  const temporary = `${path}.part`;
  try {
    // Takes the place for itself, and says so in the file system's words when it cannot.
    closeSync(openSync(temporary, 'w'));
    db.raw.prepare('VACUUM INTO ?').run(temporary);
    renameSync(temporary, path);
    return { sizeBytes: statSync(path).size };
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary);
    throw fileError(path, error);
  }
}
