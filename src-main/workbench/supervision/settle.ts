import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import { withPlace } from '../../shared/domain/run-failure.ts';
import type { FailurePlace } from '../../shared/domain/run-failure.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { readBatchNote } from '../../trainer/batch-note.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import { addOwnEvents } from './own-events.ts';
import { takeInRest } from './replay.ts';
import type { RunEnd } from './train-run.ts';

/** What a run comes to, by the word of who looked after it. */
export interface Verdict {
  status: 'stopped' | 'failed' | 'interrupted';
  error: ErrorReport | null;
}

/**
 * After the child is gone: what its folder holds is in the store, and the run has ended.
 * @throws when the store cannot be written; the run is then ended in memory by the caller.
 */
export async function settle(core: Core, runId: string, end: RunEnd): Promise<RunRecord> {
  const before = await core.store.getRun(runId);
  if (before === null) throw new WorkbenchError('not-found', `Run ${runId} was removed while it ran.`);
  const replayed = end.kind === 'died' ? await takeInRest(core, before) : null;
  const run = (await core.store.getRun(runId)) ?? before;
  // Its last word arrived, or was on disk: how the child went after it does not matter.
  const spoken = run.status === 'finished' || run.status === 'failed' || (hasEnded(run.status) && end.kind !== 'died');
  const settled = spoken ? run : await endUnspoken(core, run, await verdictOf(core, run, end, replayed));
  publishEnd(core, settled);
  return settled;
}

export function publishEnd(core: Core, run: RunRecord): void {
  core.bus.publish({ topic: 'run', run });
  core.bus.publish({ topic: 'changed', lists: ['runs', 'evaluations'] });
}

/** A child that memory ended has failed; one that did not stop when it was asked was stopped; any other death is an interruption. */
async function verdictOf(core: Core, run: RunRecord, end: RunEnd, replayed: ErrorReport | null): Promise<Verdict> {
  if (end.kind === 'finished') return { status: 'interrupted', error: replayed };
  if (end.kind === 'never-begun') return verdictOfError(end.error);
  if (end.kind === 'failed') return { status: 'failed', error: end.error };
  if (end.by === 'stop') return { status: 'stopped', error: end.error };
  const error = withPlace(end.error, await placeOf(core, run));
  const failed = end.by === 'host' || error.code === 'out-of-memory';
  return { status: failed ? 'failed' : 'interrupted', error };
}

export function verdictOfError(error: ErrorReport): Verdict {
  if (error.code === 'cancelled') return { status: 'stopped', error: null };
  if (error.code === 'internal') console.error(error.message);
  return { status: 'failed', error };
}

async function endUnspoken(core: Core, run: RunRecord, { status, error }: Verdict): Promise<RunRecord> {
  if (status === 'failed' && error?.code === 'out-of-memory') await writeLastWord(core, run, error);
  return (await core.store.moveRun(run.id, status, error)).run;
}

/** The folder gets the event that the child could not write. */
async function writeLastWord(core: Core, run: RunRecord, error: ErrorReport): Promise<void> {
  await addOwnEvents(core, run, [{ type: 'failed', error, ...(await placeOf(core, run)) }]);
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

/** The run as it would be, had the store taken it. */
export function endedInMemory(run: RunRecord, status: RunStatus, error: ErrorReport | null): RunRecord {
  return { ...run, status, error, endedAt: Date.now() };
}
