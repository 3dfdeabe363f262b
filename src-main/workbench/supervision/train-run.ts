import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import { Pending } from '../../system/pending.ts';
import { superviseTrainer } from '../../trainer/host.ts';
import type { TrainerEnd, TrainerSession } from '../../trainer/host.ts';
import type { Core } from '../core.ts';
import { prepareTrainJob } from '../runs/prepare.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { RunFolder, RunRequest } from '../runs/run-folder.ts';
import type { DeviceGrant } from './device.ts';
import { takeEvents } from './take-events.ts';

/** One run in its child, from its preparation to the child's end. */
export interface LiveRun {
  ask(request: RunRequest): void;
  setGuardWeight(weight: number): void;
  /** Never rejects: what went wrong before the child began is an end like others. */
  readonly ended: Promise<RunEnd>;
}

/** How it ended; `never-begun` when there was no child to say anything. */
export type RunEnd = TrainerEnd | { kind: 'never-begun'; error: ErrorReport };

const requestEveryMs = 500;

/**
 * Trains one run in a child; the caller holds the run's claim and the device. Events go to the store first and to the windows after
 * it has them. Wishes that come before the child is there are kept for it; a stop by then ends the preparation.
 */
export function trainRun(core: Core, run: RunRecord, resume: boolean, device: DeviceGrant): LiveRun {
  const folder = runFolder(core.layout, run);
  const preparing = new AbortController();
  let session: TrainerSession | null = null;
  let wish: RunRequest | null = null;
  // A wish that could not be noted is heard all the same.
  const pending = new Pending(() => {});

  function ask(request: RunRequest): void {
    if (wish === 'stop') return;
    wish = request;
    if (request === 'stop') {
      pending.add(announce(core, run.id, 'stopping'));
      preparing.abort();
    }
    pass();
  }

  function pass(): void {
    if (wish === 'stop') session?.stop();
    if (wish === 'pause') session?.pause();
    if (wish === 'resume') session?.resume();
  }

  async function train(): Promise<RunEnd> {
    await announce(core, run.id, 'starting');
    const task = { signal: preparing.signal, progress: () => {}, device };
    const job = await prepareTrainJob(core, run, { resume }, task);
    if (preparing.signal.aborted) throw new WorkbenchError('cancelled', 'Stopped before the first step.');
    session = superviseTrainer(core.launchTrainer, job, (events) => takeEvents(core, run.id, events));
    pass();
    if (session.pid !== undefined) await noteOrEnd(folder, session, session.pid);
    return await session.ended;
  }

  async function look(): Promise<RunEnd> {
    const stopWatching = watchRequests(folder, ask, pending);
    try {
      return await train();
    } catch (error) {
      return { kind: 'never-begun', error: reportOf(error) };
    } finally {
      stopWatching();
      await pending.settled();
    }
  }

  return { ask, setGuardWeight: (weight) => session?.setGuardWeight(weight), ended: look() };
}

/** Without its note an orphan could be joined by a second trainer on one folder: then rather none. */
async function noteOrEnd(folder: RunFolder, session: TrainerSession, pid: number): Promise<void> {
  try {
    await folder.noteTrainer(pid);
  } catch (error) {
    session.kill();
    await session.ended;
    throw error;
  }
}

async function announce(core: Core, runId: string, status: 'starting' | 'stopping'): Promise<void> {
  const { moved, run } = await core.store.moveRun(runId, status);
  if (moved) core.bus.publish({ topic: 'run', run });
}

/** Other programs leave their wishes in the run's folder. */
function watchRequests(folder: RunFolder, take: (request: RunRequest) => void, pending: Pending): () => void {
  let looking = false;
  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      const request = await folder.takeRequest();
      if (request !== null) take(request);
    } finally {
      looking = false;
    }
  }
  const timer = setInterval(() => pending.add(look()), requestEveryMs);
  return () => clearInterval(timer);
}
