import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TrainerJob } from '../../shared/domain/jobs.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { superviseTrainer } from '../../trainer/host.ts';
import type { Core } from '../core.ts';
import type { Task } from './task.ts';

export type ShortJob = Exclude<TrainerJob, { kind: 'train' }>;

/**
 * Runs one job that is not a training run in a child of its own, to its end. Progress goes to the task, every event to
 * `onEvents`; a cancel stops the child.
 */
export async function runTrainerJob(
  core: Pick<Core, 'launchTrainer'>,
  job: ShortJob,
  task: Task,
  onEvents: (events: TrainerEvent[]) => Promise<void> | void = () => {},
): Promise<void> {
  if (task.signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
  const session = superviseTrainer(core.launchTrainer, job, async (events) => {
    for (const event of events) {
      if (event.type === 'progress') task.progress(event.phase, event.done / Math.max(1, event.total), event.etaMs);
    }
    await onEvents(events);
  });
  const cancel = () => session.kill();
  task.signal.addEventListener('abort', cancel, { once: true });
  const end = await session.ended.finally(() => task.signal.removeEventListener('abort', cancel));
  if (task.signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
  if (end.kind !== 'finished') throw WorkbenchError.fromReport(end.error);
  if (end.outcome === 'stopped') throw new WorkbenchError('cancelled', 'Stopped.');
}
