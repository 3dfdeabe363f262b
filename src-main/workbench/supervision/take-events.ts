import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { shownEvent } from '../../shared/domain/trainer-events.ts';
import type { Core } from '../core.ts';

/** Events of a run go to the store, and to the windows after it has them. */
export async function takeEvents(core: Core, runId: string, events: TrainerEvent[]): Promise<void> {
  await core.store.appendRunEvents(runId, events);
  const shown = events.map(shownEvent).filter((event) => event !== null);
  if (shown.length > 0) core.bus.publish({ topic: 'run-events', runId, events: shown });
  if (events.some(changesRun)) await publishRun(core, runId);
  if (events.some((event) => event.type === 'evaluation-done'))
    core.bus.publish({ topic: 'changed', lists: ['evaluations'] });
}

function changesRun(event: TrainerEvent): boolean {
  return ['started', 'checkpoint', 'evaluation-done', 'paused', 'resumed', 'finished', 'failed'].includes(event.type);
}

/** Tells the windows what the store now has of the run. */
export async function publishRun(core: Core, runId: string): Promise<void> {
  const run = await core.store.getRun(runId);
  if (run !== null) core.bus.publish({ topic: 'run', run });
}
