import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TrainerJob } from '../../shared/domain/jobs.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { progressText } from '../../shared/presentation/progress.ts';
import { superviseTrainer } from '../../trainer/host.ts';
import type { Core } from '../core.ts';
import type { DeviceGrant } from './device.ts';
import { throwIfCancelled } from './task.ts';
import type { Task } from './task.ts';

export type ShortJob = Exclude<TrainerJob, { kind: 'train' | 'serve' | 'benchmark' }>;

const names: Readonly<Record<ShortJob['kind'], string>> = {
  evaluate: 'an evaluation',
  ledger: 'a token ledger',
  'merge-models': 'a merge of models',
  sample: 'a sampling of texts',
  merge: 'a merge of an adapter',
  estimate: 'an estimate',
  ches: 'scores of pairs',
  margins: 'margins of pairs',
  'gradient-products': 'gradients of pairs',
};

/**
 * Runs one job that is not a training run in a child of its own, to its end, once the device is free. Progress goes to the task,
 * every event to `onEvents`; a cancel leaves the line, or ends the child.
 */
export async function runTrainerJob(
  core: Pick<Core, 'launchTrainer' | 'device'>,
  job: ShortJob,
  task: Task,
  onEvents: (events: TrainerEvent[]) => Promise<void> | void = () => {},
): Promise<void> {
  throwIfCancelled(task);
  const device = task.device === undefined ? await waitForDevice(core, job, task) : null;
  try {
    await runInChild(core, job, task, onEvents);
  } finally {
    await device?.release();
  }
}

function waitForDevice({ device }: Pick<Core, 'device'>, job: ShortJob, task: Task): Promise<DeviceGrant> {
  return device.take({
    what: names[job.kind],
    short: true,
    signal: task.signal,
    onWait: (holder) => task.progress(`waiting for the device: ${holder}`, null),
  });
}

/** How far the child is, as the progress of the work that asked for it. */
export function tellProgress(task: Task, event: Extract<TrainerEvent, { type: 'progress' }>): void {
  task.progress(progressText(event), event.done / Math.max(1, event.total), event.etaMs);
}

async function runInChild(
  core: Pick<Core, 'launchTrainer'>,
  job: ShortJob,
  task: Task,
  onEvents: (events: TrainerEvent[]) => Promise<void> | void,
): Promise<void> {
  throwIfCancelled(task);
  const session = superviseTrainer(core.launchTrainer, job, async (events) => {
    for (const event of events) {
      if (event.type === 'progress') tellProgress(task, event);
    }
    await onEvents(events);
  });
  const cancel = () => session.kill();
  task.signal.addEventListener('abort', cancel, { once: true });
  const end = await session.ended.finally(() => task.signal.removeEventListener('abort', cancel));
  throwIfCancelled(task);
  if (end.kind !== 'finished') throw WorkbenchError.fromReport(end.error);
  if (end.outcome === 'stopped') throw new WorkbenchError('cancelled', 'Stopped.');
}
