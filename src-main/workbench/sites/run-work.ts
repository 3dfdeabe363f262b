import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { Claim } from '../supervision/claim.ts';
import { replayEvents } from '../supervision/replay.ts';
import { publishEnd } from '../supervision/settle.ts';
import { takeEvents } from '../supervision/take-events.ts';
import { writeJobNote } from './job-note.ts';
import { openMirror } from './mirror.ts';
import { moveAnyhow } from './move-run.ts';
import { taskId } from './run-note.ts';
import type { RunNote } from './run-note.ts';
import { lastWordAfter } from './site-work.ts';
import type { LastWord, SiteWork } from './site-work.ts';

export interface RunWork extends SiteWork {
  /** Resolves with the run as it is at its end. */
  readonly ended: Promise<RunRecord>;
}

/** A run that was submitted, as its follower needs it. What the copy of its events holds is in the store afterwards. */
export async function openRunWork(core: Core, run: RunRecord, note: RunNote, owner: Claim): Promise<RunWork> {
  const jobId = taskId(note, run.id);
  if (jobId === null) throw new WorkbenchError('internal', `Run ${run.id} was not submitted.`);
  const mirror = await openMirror(runFolder(core.layout, run).file('events'));
  await replayEvents(core, run);
  const lastWord = await lastWordOf(core, run.id, note.afterSeq);
  let settle: (run: RunRecord) => void = () => {};
  const ended = new Promise<RunRecord>((resolve) => (settle = resolve));
  let newest = run;
  const current = () => core.store.getRun(run.id);
  return {
    id: run.id,
    folder: note.folder,
    jobId,
    mirror,
    lastWord,
    ended,
    async take(events) {
      const { lastSeq } = (await current()) ?? run;
      await takeEvents(
        core,
        run.id,
        events.filter((event) => event.seq > lastSeq),
      );
    },
    async step() {
      const now = await current();
      // A run that was removed has come to its end for whoever waits for it.
      if (now === null) settle(newest);
      newest = now ?? newest;
      return now?.step ?? null;
    },
    /** What the events of a run cannot say: that its job waits, is paused, or continues after an attempt that ended. */
    async goesOn(status, isUnderWay) {
      const wanted = status ?? (hasEnded(newest.status) && isUnderWay ? 'running' : newest.status);
      // A trainer that runs says so itself.
      if (wanted === newest.status || (wanted === 'starting' && newest.status === 'running')) return;
      core.bus.publish({ topic: 'run', run: await moveAnyhow(core, run.id, wanted, null) });
    },
    async over(status, error) {
      const now = await moveAnyhow(core, run.id, status, error);
      publishEnd(core, now);
      await owner.release();
      settle(now);
    },
    async told(job) {
      core.bus.publish({ topic: 'changed', lists: ['runs'] });
      await writeJobNote(core.layout, run, { ...job, runId: run.id });
    },
    release: () => owner.release(),
  };
}

/** What a killed workbench had already taken in, of this submission. */
async function lastWordOf(core: Core, runId: string, afterSeq: number): Promise<LastWord | null> {
  const run = await core.store.getRun(runId);
  if (run === null || run.lastSeq <= afterSeq) return null;
  const [last] = await core.store.runEvents(runId, run.lastSeq - 1, 1);
  return last === undefined ? null : lastWordAfter(null, last);
}
