import type { RunRecord } from '../../shared/domain/entities.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { readEvents } from '../../trainer/event-lines.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';

const batchEvents = 200;

/**
 * Takes into the store what the run folder holds beyond it: events that were written and never arrived. The store skips
 * what it has.
 * @throws WorkbenchError `corrupt`, naming file and line, when a line in the middle is damaged; what stands before it is taken in.
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
