import { copyFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { makeTemporaryFolder } from '../system/temporary-folder.ts';

const triesWhileWritten = 3;

/**
 * A private copy of a database that cannot be opened in place, including what its log holds. SQLite has to write next to a
 * database in order to read it (its log and the log's index), which a read-only folder and a full disk do not allow.
 * @throws the system's error when the database cannot be read or the copy has no room
 */
export async function copyForReading(database: string): Promise<{ path: string; remove(): Promise<void> }> {
  const folder = await makeTemporaryFolder('flipguard-read-only-');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const copy = path.join(folder, path.basename(database));
  try {
    for (let tried = 0; tried < triesWhileWritten; tried++) {
      const before = await stateOf(database);
      await copyFile(database, copy);
      const hasLog = await copyFile(`${database}-wal`, `${copy}-wal`).then(
        () => true,
        (error: unknown) => {
          if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
          return false;
        },
      );
      if (!hasLog) await rm(`${copy}-wal`, { force: true });
      if ((await stateOf(database)) === before) return { path: copy, remove };
    }
    throw new WorkbenchError('io', `${database} is being written by a program on another machine.`, {
      remedy: 'Wait until it has finished, then try again.',
      place: { file: database },
    });
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Changes whenever the database is written to. */
async function stateOf(database: string): Promise<string> {
  const of = (file: string) =>
    stat(file).then(
      ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
      () => 'none',
    );
  return `${await of(database)}, ${await of(`${database}-wal`)}`;
}
