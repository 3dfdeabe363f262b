import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { shownEvent } from '../../shared/domain/trainer-events.ts';
import { withPlace } from '../../shared/domain/run-failure.ts';
import type { FailurePlace } from '../../shared/domain/run-failure.ts';
import { readBatchNote } from '../../trainer/batch-note.ts';
import { EventFile } from '../../trainer/event-file.ts';
import { superviseTrainer } from '../../trainer/host.ts';
import type { TrainerSession } from '../../trainer/host.ts';
import type { Core } from '../core.ts';
import { quietTask } from './task.ts';
import { prepareTrainJob } from '../runs/prepare.ts';
import { replayEvents } from './replay.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { RunFolder, RunRequest } from '../runs/run-folder.ts';

/** One run in this process's care, from its start to its end. */
export interface LiveRun {
  ask(request: RunRequest): void;
  setGuardWeight(weight: number): void;
  kill(): void;
  /** The run as the store has it afterwards. Never rejects. */
  readonly ended: Promise<RunRecord>;
}

const endStates: readonly RunStatus[] = ['completed', 'stopped', 'failed', 'interrupted'];
export function hasEnded(status: RunStatus): boolean {
  return endStates.includes(status);
}

const requestEveryMs = 500;

/** Trains one run in a child; the caller holds the run's claim. Events go to the store first and to the windows after it has them. */
export function superviseRun(core: Core, run: RunRecord, resume: boolean): LiveRun {
  const folder = runFolder(core.layout, run);
  const abort = new AbortController();
  let session: TrainerSession | null = null;
  let wanted: RunRequest | null = null;

  function ask(request: RunRequest): void {
    wanted = request;
    if (request === 'stop') void announce(core, run.id, 'stopping');
    if (session === null) {
      if (request === 'stop') abort.abort();
    } else if (request === 'stop') session.stop();
    else if (request === 'pause') session.pause();
    else session.resume();
  }

  async function train(): Promise<ErrorReport | null> {
    await announce(core, run.id, 'starting');
    const job = await prepareTrainJob(core, run, resume, quietTask(abort.signal));
    if (abort.signal.aborted) throw new WorkbenchError('cancelled', 'Stopped before the first step.');
    session = superviseTrainer(core.launchTrainer, job, (events) => takeEvents(core, run.id, events));
    if (session.pid !== undefined) await folder.noteTrainer(session.pid);
    if (wanted !== null) ask(wanted);
    const end = await session.ended;
    return end.kind === 'died' ? end.error : null;
  }

  async function look(): Promise<RunRecord> {
    const stopWatching = watchRequests(folder, ask);
    try {
      const death = await train();
      return await settle(core, run.id, death);
    } catch (error) {
      return await fail(core, run.id, reportOf(error));
    } finally {
      stopWatching();
    }
  }

  return {
    ask,
    setGuardWeight: (weight) => session?.setGuardWeight(weight),
    kill: () => session?.kill(),
    ended: look(),
  };
}

/** Tells the windows what the store now has of the run. */
export async function publishRun(core: Core, runId: string): Promise<void> {
  const run = await core.store.getRun(runId);
  if (run !== null) core.bus.publish({ topic: 'run', run });
}

async function announce(core: Core, runId: string, status: RunStatus): Promise<void> {
  core.bus.publish({ topic: 'run', run: await core.store.updateRun(runId, { status }) });
}

async function takeEvents(core: Core, runId: string, events: TrainerEvent[]): Promise<void> {
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

/** After the child is gone: what its folder holds is in the store, and the run stands at an end. */
async function settle(core: Core, runId: string, death: ErrorReport | null): Promise<RunRecord> {
  const run = await core.store.getRun(runId);
  if (run === null) throw new WorkbenchError('not-found', `Run ${runId} was removed while it ran.`);
  if (death !== null) await replayEvents(core, run);
  const now = (await core.store.getRun(runId)) ?? run;
  const settled = hasEnded(now.status) && death === null ? now : await endDead(core, now, death);
  core.bus.publish({ topic: 'run', run: settled });
  core.bus.publish({ topic: 'changed', lists: ['runs', 'evaluations'] });
  return settled;
}

/**
 * A child that memory ended has failed, as if it had said so itself: its folder gets the event that it could not write. Any other
 * death is an interruption.
 */
async function endDead(core: Core, run: RunRecord, death: ErrorReport | null): Promise<RunRecord> {
  const place = await placeOf(core, run);
  const error = death === null ? null : withPlace(death, place);
  if (error?.code !== 'out-of-memory') {
    return core.store.updateRun(run.id, { status: 'interrupted', endedAt: Date.now(), error });
  }
  const event: TrainerEvent = { type: 'failed', error, ...place, seq: run.lastSeq + 1, at: Date.now() };
  const file = await EventFile.open(runFolder(core.layout, run).file('events'));
  file.append(event);
  file.close();
  await takeEvents(core, run.id, [event]);
  return (await core.store.getRun(run.id)) ?? run;
}

async function placeOf(core: Core, run: RunRecord): Promise<FailurePlace & { step: number }> {
  const note = await readBatchNote(runFolder(core.layout, run).path);
  const [newest] = (await core.store.listCheckpoints(run.id)).map(({ step }) => step).sort((a, b) => b - a);
  return {
    // The last step that was noted is over when its event is there.
    ...(note !== null && note.step > run.step ? note : { step: run.step }),
    ...(newest === undefined ? {} : { lastCheckpointStep: newest }),
  };
}

async function fail(core: Core, runId: string, error: ErrorReport): Promise<RunRecord> {
  const status: RunStatus = error.code === 'cancelled' ? 'stopped' : 'failed';
  if (error.code === 'internal') console.error(error.message);
  const change = { status, endedAt: Date.now(), error: status === 'failed' ? error : null };
  const run = await core.store.updateRun(runId, change);
  core.bus.publish({ topic: 'run', run });
  return run;
}

/** Other programs leave their wishes in the run's folder. */
function watchRequests(folder: RunFolder, take: (request: RunRequest) => void): () => void {
  const timer = setInterval(() => {
    void folder.takeRequest().then((request) => {
      if (request !== null) take(request);
    });
  }, requestEveryMs);
  return () => clearInterval(timer);
}
