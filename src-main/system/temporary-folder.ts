import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';

/**
 * A new folder for files that nobody keeps; whoever makes it removes it. `prefix` begins its name.
 * @throws WorkbenchError `io` when the system's place for such files is missing, full or not ours to write.
 */
export async function makeTemporaryFolder(prefix: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), prefix));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message.replace(/, mkdtemp .*$/, '') : String(cause);
    throw new WorkbenchError('io', `No folder for temporary files could be made in ${tmpdir()}: ${detail}.`, {
      remedy: 'Set TMPDIR (on Windows: TEMP) to a folder on a disk with space that you may write to.',
      cause,
    });
  }
}
