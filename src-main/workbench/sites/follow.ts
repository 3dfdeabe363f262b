import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import type { SiteJob } from '../../shared/domain/sites.ts';
import { jobFiles } from '../../sites/job-script.ts';
import { mostBytes, parsePoll, pollScript } from '../../sites/poll.ts';
import type { RunSight } from '../../sites/poll.ts';
import { quote } from '../../sites/quote.ts';
import { isOver, slurmState } from '../../sites/slurm-words.ts';
import type { JobSight } from '../../sites/slurm-words.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { Claim } from '../supervision/claim.ts';
import { replayEvents } from '../supervision/replay.ts';
import { publishEnd } from '../supervision/settle.ts';
import { takeEvents } from '../supervision/take-events.ts';
import { differs, firstShown, lastShown, shownSight, writeJobNote } from './job-note.ts';
import { askAboutMissing } from './missing-jobs.ts';
import { openMirror } from './mirror.ts';
import type { Mirror } from './mirror.ts';
import { moveAnyhow } from './move-run.ts';
import { judge } from './outcome.ts';
import type { Patience } from './outcome.ts';
import { taskId } from './run-note.ts';
import type { RunNote } from './run-note.ts';
import type { SiteAccess } from './submit.ts';

export interface Pace extends Patience {
  /** Between two looks at the folders. */
  folderMs: number;
  /** Between two questions to the scheduler: soon after a change, and else. */
  queueSoonMs: number;
  queueMs: number;
}

/** The manual asks for no loops of squeue; two questions a minute are what a cluster bears. */
export const usualPace: Pace = {
  folderMs: 2000,
  queueSoonMs: 5000,
  queueMs: 30_000,
  settleMs: 8000,
  absentMs: 300_000,
};
const soonForMs = 60_000;
const longestBackOffMs = 60_000;

/** Follows the runs of one site from their folders and the scheduler until each has ended. */
export interface Follower {
  add(run: RunRecord, note: RunNote, owner: Claim): Promise<void>;
  has(runId: string): boolean;
  jobs(): SiteJob[];
  ended(runId: string): Promise<RunRecord> | null;
  /** Looks at once, and at the scheduler too. */
  hurry(): void;
  /** Stops looking; the jobs go on. */
  close(): Promise<void>;
}

interface Followed {
  run: RunRecord;
  note: RunNote;
  jobId: string;
  owner: Claim;
  mirror: Mirror;
  lastWord: Extract<TrainerEvent, { type: 'finished' | 'failed' }> | null;
  sight: JobSight | null;
  /** When Slurm first called it over or did not know it, ms since epoch. */
  overSince: number | null;
  shown: SiteJob;
  /** Resolves once what is shown is in the run's folder, for other programs and for later. */
  noted: Promise<void>;
  ended: Promise<RunRecord>;
  settle: (run: RunRecord) => void;
}

export function createFollower(core: Core, access: SiteAccess, pace: Pace, nowMs: () => number = Date.now): Follower {
  const followed = new Map<string, Followed>();
  const abort = new AbortController();
  let looping: Promise<void> | null = null;
  let wake: () => void = () => {};
  let queueAt = 0;
  let changedAt = 0;
  let failures = 0;

  async function loop(): Promise<void> {
    while (followed.size > 0 && !abort.signal.aborted) {
      let more = false;
      try {
        more = await look();
        failures = 0;
      } catch (error) {
        failures += 1;
        for (const entry of followed.values()) show(entry, { trouble: reportOf(error).message });
      }
      const restMs = failures === 0 ? pace.folderMs : Math.min(longestBackOffMs, pace.folderMs * 2 ** failures);
      if (!more && !abort.signal.aborted && followed.size > 0) await rest(restMs);
    }
    looping = null;
  }

  function rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** True when there is more to read than one look brings. */
  async function look(): Promise<boolean> {
    const entries = [...followed.values()];
    const now = nowMs();
    const queue = now >= queueAt;
    const runs = entries.map(({ note, mirror }) => ({ folder: note.folder, offset: mirror.offset }));
    const { stdout } = await access.shell.run(pollScript({ queue, runs }), { signal: abort.signal });
    const answer = parsePoll(stdout);
    if (queue) queueAt = now + (now - changedAt < soonForMs ? pace.queueSoonMs : pace.queueMs);
    const sights = answer.queue === null ? null : await complete(answer.queue, entries);
    let more = false;
    for (const [i, entry] of entries.entries()) {
      const seen = answer.runs[i];
      if (seen === undefined) continue;
      if (sights !== null) noteSight(entry, sights.get(entry.jobId) ?? null, seen.ends);
      await takeIn(entry, seen);
      // An end that was read may be that of an attempt which others have followed.
      if (seen.bytes.length >= mostBytes) more = true;
      else await decide(entry, seen);
      if (followed.has(entry.run.id)) show(entry, { seenAt: nowMs(), trouble: answer.queueTrouble });
      await entry.noted;
    }
    return more;
  }

  /** Jobs that squeue does not list any more are asked for one by one, where anybody still knows them. */
  async function complete(queue: readonly JobSight[], entries: readonly Followed[]): Promise<Map<string, JobSight>> {
    const known = new Map(queue.map((sight) => [sight.id, sight]));
    const missing = entries.map(({ jobId }) => jobId).filter((id) => !known.has(id));
    if (missing.length === 0) return known;
    for (const sight of await askAboutMissing(access.shell, missing, abort.signal)) known.set(sight.id, sight);
    return known;
  }

  function noteSight(entry: Followed, sight: JobSight | null, ends: RunSight['ends']): void {
    if (sight?.state !== entry.sight?.state) changedAt = nowMs();
    entry.sight = sight;
    const over = sight === null || isOver(slurmState(sight.state));
    entry.overSince = over ? (entry.overSince ?? nowMs()) : null;
    show(entry, shownSight(sight, ends, entry.jobId));
  }

  async function takeIn(entry: Followed, seen: RunSight): Promise<void> {
    if (seen.size < entry.mirror.offset) return entry.mirror.restart();
    const events = await entry.mirror.take(seen.bytes);
    if (events.length === 0) return;
    for (const event of events) entry.lastWord = lastWordAfter(entry.lastWord, event);
    const { lastSeq } = (await core.store.getRun(entry.run.id)) ?? entry.run;
    await takeEvents(
      core,
      entry.run.id,
      events.filter((event) => event.seq > lastSeq),
    );
  }

  async function decide(entry: Followed, seen: RunSight): Promise<void> {
    const run = await core.store.getRun(entry.run.id);
    if (run === null) return leave(entry, entry.run);
    const overForMs = entry.overSince === null ? 0 : nowMs() - entry.overSince;
    const isEnding = overForMs >= pace.settleMs && entry.lastWord === null;
    const evidence = {
      lastWord: entry.lastWord,
      sight: entry.sight,
      overForMs: entry.sight === null && entry.overSince === null ? 0 : overForMs,
      ends: seen.ends,
      stopAsked: seen.stopAsked,
      step: run.step,
      site: access.site.name,
      jobId: entry.jobId,
      logTail: isEnding ? await logTail(entry) : '',
    };
    const verdict = judge(evidence, pace);
    if (verdict.kind === 'over') await conclude(entry, verdict.status, verdict.error, seen.node);
    else await restate(run, verdict.status, entry.lastWord === null);
  }

  /** What the events of a run cannot say: that its job waits, is paused, or goes on after an attempt that ended. */
  async function restate(run: RunRecord, status: RunStatus | null, isTraining: boolean): Promise<void> {
    const wanted = status ?? (hasEnded(run.status) && isTraining ? 'running' : run.status);
    // A trainer that runs says so itself.
    if (wanted === run.status || (wanted === 'starting' && run.status === 'running')) return;
    core.bus.publish({ topic: 'run', run: await moveAnyhow(core, run.id, wanted, null) });
  }

  async function logTail({ note }: Followed): Promise<string> {
    const script = `tail -n 4 ${quote(`${note.folder}/${jobFiles.log}`)} 2>/dev/null`;
    return (await access.shell.run(script, { signal: abort.signal })).stdout;
  }

  async function conclude(
    entry: Followed,
    status: RunStatus,
    error: ErrorReport | null,
    node: string | null,
  ): Promise<void> {
    const run = await moveAnyhow(core, entry.run.id, status, error);
    show(entry, lastShown(status, entry.sight, { ...entry.shown, node: entry.shown.node ?? node }));
    await entry.noted;
    publishEnd(core, run);
    await leave(entry, run);
  }

  async function leave(entry: Followed, run: RunRecord): Promise<void> {
    followed.delete(entry.run.id);
    await entry.owner.release();
    entry.settle(run);
  }

  function show(entry: Followed, change: Partial<SiteJob>): void {
    const before = entry.shown;
    entry.shown = { ...before, ...change };
    if (!differs(before, entry.shown)) return;
    core.bus.publish({ topic: 'changed', lists: ['runs'] });
    // One after the other, so that the file says what was seen last. A run that was removed meanwhile has no folder.
    entry.noted = entry.noted.then(() => writeJobNote(core.layout, entry.run, entry.shown)).catch(() => {});
  }

  return {
    async add(run, note, owner) {
      const jobId = taskId(note, run.id);
      if (jobId === null) throw new WorkbenchError('internal', `Run ${run.id} was not submitted.`);
      const file = runFolder(core.layout, run).file('events');
      const mirror = await openMirror(file);
      await replayEvents(core, run);
      let settle: Followed['settle'] = () => {};
      const ended = new Promise<RunRecord>((resolve) => (settle = resolve));
      const lastWord = await lastWordOf(core, run.id, note.afterSeq);
      const shown = firstShown(run.id, access.site.name, jobId);
      const noted = writeJobNote(core.layout, run, shown);
      await noted;
      const base = { run, note, jobId, owner, mirror, lastWord, sight: null, overSince: null, shown, noted };
      followed.set(run.id, { ...base, ended, settle });
      changedAt = nowMs();
      queueAt = 0;
      wake();
      looping ??= loop();
    },
    has: (runId) => followed.has(runId),
    jobs: () => [...followed.values()].map(({ shown }) => shown),
    ended: (runId) => followed.get(runId)?.ended ?? null,
    hurry() {
      queueAt = 0;
      changedAt = nowMs();
      wake();
    },
    async close() {
      abort.abort();
      wake();
      await looping;
      await Promise.all([...followed.values()].map(({ owner }) => owner.release()));
    },
  };
}

/** A new start takes an earlier end back. */
function lastWordAfter(before: Followed['lastWord'], event: TrainerEvent): Followed['lastWord'] {
  if (event.type === 'finished' || event.type === 'failed') return event;
  return event.type === 'started' ? null : before;
}

/** What a killed workbench had already taken in, of this submission. */
async function lastWordOf(core: Core, runId: string, afterSeq: number): Promise<Followed['lastWord']> {
  const run = await core.store.getRun(runId);
  if (run === null || run.lastSeq <= afterSeq) return null;
  const [last] = await core.store.runEvents(runId, run.lastSeq - 1, 1);
  return last === undefined ? null : lastWordAfter(null, last);
}
