import path from 'node:path';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { removeLeftDrafts } from '../../system/drafts.ts';
import { readEvents } from '../../trainer/event-lines.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';

const batchEvents = 200;

/**
 * Takes into the store what the run folder holds beyond it: events that were written and never arrived. The store skips
 * what it has.
 * @throws WorkbenchError `corrupt`, naming file and line, when a line in the middle is damaged; what is before it is taken in.
 */
export async function replayEvents({ store, layout }: Pick<Core, 'store' | 'layout'>, run: RunRecord): Promise<void> {
  let batch: TrainerEvent[] = [];
  const flush = async () => {
    if (batch.length > 0) await store.appendRunEvents(run.id, batch);
    batch = [];
  };
  try {
    for await (const { event } of readEvents(runFolder(layout, run).file('events'))) {
      if (event.seq <= run.lastSeq) continue;
      batch.push(event);
      // A batch of samples is big by itself.
      if (batch.length >= batchEvents || event.type === 'evaluation-batch') await flush();
    }
  } finally {
    await flush();
  }
}

/**
 * The same where an end is at hand: a damaged line is the answer, to be noted with the run. Any other failure rejects: the store
 * could not be written, and nothing may be decided without what the folder holds. What a killed trainer left half-written goes.
 */
export async function takeInRest(core: Pick<Core, 'store' | 'layout'>, run: RunRecord): Promise<ErrorReport | null> {
  const { path: folder } = runFolder(core.layout, run);
  await Promise.all([folder, path.join(folder, 'checkpoints')].map(removeLeftDrafts));
  try {
    await replayEvents(core, run);
    return null;
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'corrupt') return error.toReport();
    throw error;
  }
}
