import { access } from 'node:fs/promises';
import path from 'node:path';
import type { FoundCheckpoint } from '../../imports/trainer-folder/checkpoints.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import { hashFile } from '../../system/file-sums.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

/** Weights as they were when they were hashed: the same size and time mean the same weights until they are used. */
export function stampOf({ sizeBytes, writtenAt }: FoundCheckpoint): string {
  return `${sizeBytes} ${Math.round(writtenAt)}`;
}

/** A checkpoint with its hash; null where it was deleted meanwhile. The weights stay where they are. */
export async function checkpointEvent(
  found: FoundCheckpoint,
  task: Task,
): Promise<(TrainerEventBody & { at: number }) | null> {
  const sha256: Record<string, string> = {};
  try {
    for (const [i, name] of found.files.entries()) {
      throwIfCancelled(task);
      sha256[name] = await hashFile(path.join(found.folder, name));
      task.progress(`hashing checkpoint ${found.step}`, (i + 1) / found.files.length);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const { step, folder, kind, sizeBytes, writtenAt } = found;
  const at = Math.round(writtenAt);
  return { type: 'checkpoint', at, checkpoint: { step, path: folder, kind, sha256, sizeBytes } };
}

/** Notes which checkpoints are not there any more, or are there again; → a sentence for each that went. */
export async function markGone(core: Core, run: RunRecord): Promise<string[]> {
  const gone: string[] = [];
  for (const checkpoint of await core.store.listCheckpoints(run.id)) {
    const state = (await isThere(checkpoint.path)) ? 'present' : 'missing';
    if (checkpoint.state === state) continue;
    await core.store.markCheckpoint(checkpoint.id, state);
    if (state === 'missing')
      gone.push(`Checkpoint ${checkpoint.step} was deleted where it lay; what was evaluated of it stays.`);
  }
  return gone;
}

function isThere(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  );
}
