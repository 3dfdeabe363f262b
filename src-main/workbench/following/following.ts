import path from 'node:path';
import { holdsAnything, surveyTrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Task } from '../supervision/task.ts';
import { foreignEventsFile } from './foreign-events.ts';
import { endWhereItStands, notSaid, own } from './followed-run.ts';
import type { FollowingParts } from './followed-run.ts';
import { openForeignRun } from './open-run.ts';
import type { ForeignRunOptions } from './open-run.ts';
import { takeInFolder } from './take-in.ts';
import { watchRun } from './watch.ts';
import type { WatchOptions, Watched } from './watch.ts';

/** Runs that another program trains: its output folder is read, never written. */
export interface Following {
  /** The folder as it is now, as a run. Done again, it takes what is new. */
  importRun(folder: string, options: ForeignRunOptions, task: Task): Promise<{ run: RunRecord; said: string[] }>;
  /** Follows the folder until its training ends or the task is cancelled; evaluates each new checkpoint on the suites. */
  watch(folder: string, options: WatchOptions, task: Task): Promise<Watched>;
}

export function createFollowing(parts: FollowingParts): Following {
  return {
    async importRun(given, options, task) {
      const folder = path.resolve(given);
      const found = await surveyTrainerFolder(folder);
      await requireSomething(found);
      const run = await openForeignRun(parts, found, options, task);
      const owner = await own(parts.core, run);
      try {
        const taken = await takeInFolder(parts.core, run, found, { settled: true }, task);
        const ended = await endWhereItStands(parts.core, taken.run, found);
        return { run: ended, said: [...notSaid(ended), ...taken.said] };
      } finally {
        await owner.release();
      }
    },
    async watch(given, options, task) {
      return watchRun(parts, path.resolve(given), options, task);
    },
  };
}

async function requireSomething(found: TrainerFolder): Promise<void> {
  if (holdsAnything(found) || (await foreignEventsFile(found.folder)) !== null) return;
  throw new WorkbenchError(
    'bad-input',
    `${found.folder} holds no training run: no checkpoints, no log, no completions.`,
    {
      remedy:
        'Give the trainer’s output folder, with checkpoint-… folders or others that hold config.json and model.safetensors. flipguard watch FOLDER waits for them.',
      place: { file: found.folder },
    },
  );
}
