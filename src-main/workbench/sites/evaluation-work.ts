import type { ErrorReport } from '../../shared/domain/errors.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { SeenJob } from '../../shared/domain/sites.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import type { Ingest, IngestOutcome } from '../../store/api.ts';
import { readEvents } from '../../trainer/event-lines.ts';
import { sentMeasure } from '../comparing/sent-measure.ts';
import type { Core } from '../core.ts';
import { freeName } from '../workspace/names.ts';
import { noteFile } from './evaluation-note.ts';
import type { EvaluationNote } from './evaluation-note.ts';
import { openMirror } from './mirror.ts';
import { lastWordAfter } from './site-work.ts';
import type { LastWord, SiteWork } from './site-work.ts';

export interface EvaluationWork extends SiteWork {
  /** How its job ended; rejects as cancelled when it is not followed to its end. */
  readonly ended: Promise<{ status: RunStatus; error: ErrorReport | null }>;
}

export interface Told {
  event(event: TrainerEvent): void;
  job(job: SeenJob): void;
}

/** An evaluation that was submitted, as its follower needs it. */
export async function openEvaluationWork(
  core: Core,
  note: EvaluationNote & { jobId: string },
  told: Told,
): Promise<EvaluationWork> {
  const file = noteFile(core.layout, note.id, 'events');
  const mirror = await openMirror(file);
  let lastWord: LastWord | null = null;
  for await (const { event } of readEvents(file)) lastWord = lastWordAfter(lastWord, event);
  const { promise: ended, resolve, reject } = Promise.withResolvers<{ status: RunStatus; error: ErrorReport | null }>();
  ended.catch(() => {});
  return {
    id: note.id,
    folder: note.folder,
    jobId: note.jobId,
    mirror,
    lastWord,
    ended,
    take(events) {
      events.forEach(told.event);
      return Promise.resolve();
    },
    step: () => Promise.resolve(0),
    goesOn: () => Promise.resolve(),
    over(status, error) {
      resolve({ status, error });
      return Promise.resolve();
    },
    told(job) {
      told.job(job);
      return Promise.resolve();
    },
    release() {
      reject(new WorkbenchError('cancelled', 'Cancelled.'));
      return Promise.resolve();
    },
  };
}

/** Stores what the copy of its events holds; → the evaluation's id. One that was stored before a kill is not stored again. */
export async function storeBrought(core: Core, note: EvaluationNote): Promise<string> {
  const { store, layout } = core;
  const { head } = note;
  const known = await store.listEvaluations({ suiteId: head.suiteId });
  const same = known.find(
    (one) =>
      one.name === head.name &&
      one.createdAt >= note.createdAt &&
      one.checkpointId === head.checkpointId &&
      one.modelId === head.modelId,
  );
  if (same !== undefined) return same.id;
  const suite = await store.getSuite(head.suiteId);
  if (suite === null) {
    throw new WorkbenchError('not-found', `The suite of “${head.name}” was removed while ${note.site} evaluated it.`);
  }
  const file = noteFile(layout, note.id, 'events');
  const ingest = await store.beginEvaluation({
    ...head,
    name: freeName(await store.listEvaluations(), head.name),
    suiteName: suite.name,
    decoding: suite.decoding ?? null,
    measure: sentMeasure(suite),
    import: null,
  });
  try {
    return await ingest.commit(await takeNewest(ingest, file));
  } catch (error) {
    await ingest.abandon();
    throw error;
  }
}

/** Of a job that was put back into the queue the last attempt counts. */
async function takeNewest(ingest: Ingest<SampleResult>, file: string): Promise<IngestOutcome> {
  let from = 0;
  for await (const { event } of readEvents(file)) if (event.type === 'started') from = event.seq;
  const outcome: IngestOutcome = {};
  for await (const { event } of readEvents(file)) {
    if (event.seq < from) continue;
    if (event.type === 'evaluation-batch') await ingest.push(event.results);
    if (event.type === 'evaluation-done') outcome.summary = event.summary;
  }
  return outcome;
}
