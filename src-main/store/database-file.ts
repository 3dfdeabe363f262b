import { resolve } from 'node:path';
import { WorkbenchError, reportOf } from '../shared/domain/errors.ts';
import { TaskThreads } from './worker-client.ts';
import { makeFolderSync } from '../system/folders.ts';

/** “ok”, or what is wrong with a database that is not open, in SQLite's words; refuses another program's database. */
export function checkDatabaseFile(path: string): Promise<string> {
  const threads = new TaskThreads({ path: resolve(path), owner: 'check' });
  return threads.run<never, string>({ name: 'checkFile', args: [] }, () => Promise.resolve());
}

export function makeWorkspaceFolder(folder: string): void {
  try {
    makeFolderSync(folder);
  } catch (error) {
    throw new WorkbenchError('io', `The workspace folder cannot be made: ${reportOf(error).message}`, {
      remedy: 'Choose a folder that you may write to.',
      cause: error,
    });
  }
}
