import { reportOf } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { SeenJob } from '../../shared/domain/sites.ts';
import { jobFiles } from '../../sites/job-script.ts';
import { mostBytes, parsePoll, pollScript } from '../../sites/poll.ts';
import type { RunSight } from '../../sites/poll.ts';
import { quote } from '../../sites/quote.ts';
import { isOver, slurmState } from '../../sites/slurm-words.ts';
import type { JobSight } from '../../sites/slurm-words.ts';
import { differs, firstShown, lastShown, shownSight } from './job-note.ts';
import { askAboutMissing } from './missing-jobs.ts';
import { judge } from './outcome.ts';
import type { Patience } from './outcome.ts';
import { lastWordAfter } from './site-work.ts';
import type { LastWord, SiteWork } from './site-work.ts';
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

/** Follows what one site does for us, from its folders and the scheduler, until each has ended. */
export interface Follower {
  add(work: SiteWork): Promise<void>;
  has(id: string): boolean;
  /** What the job of each was last seen doing. */
  jobs(): { id: string; job: SeenJob }[];
  /** Follows it no longer; its job continues. */
  leave(id: string): Promise<void>;
  /** Looks at once, and at the scheduler too. */
  hurry(): void;
  /** Stops looking; the jobs continue. */
  close(): Promise<void>;
}

interface Followed {
  work: SiteWork;
  lastWord: LastWord | null;
  sight: JobSight | null;
  /** When Slurm first called it over or did not know it, ms since epoch. */
  overSince: number | null;
  shown: SeenJob;
  /** Resolves once what is shown was told, for other programs and for later. */
  noted: Promise<void>;
}

export function createFollower(access: SiteAccess, pace: Pace, nowMs: () => number = Date.now): Follower {
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
    const runs = entries.map(({ work }) => ({ folder: work.folder, offset: work.mirror.offset }));
    const { stdout } = await access.shell.run(pollScript({ queue, runs }), { signal: abort.signal });
    const answer = parsePoll(stdout);
    if (queue) queueAt = now + (now - changedAt < soonForMs ? pace.queueSoonMs : pace.queueMs);
    const sights = answer.queue === null ? null : await complete(answer.queue, entries);
    let more = false;
    for (const [i, entry] of entries.entries()) {
      const seen = answer.runs[i];
      if (seen === undefined) continue;
      if (sights !== null) noteSight(entry, sights.get(entry.work.jobId) ?? null, seen.ends);
      await takeIn(entry, seen);
      // An end that was read may be that of an attempt which others have followed.
      if (seen.bytes.length >= mostBytes) more = true;
      else await decide(entry, seen);
      if (followed.get(entry.work.id) === entry) show(entry, { seenAt: nowMs(), trouble: answer.queueTrouble });
      await entry.noted;
    }
    return more;
  }

  /** Jobs that squeue does not list any more are asked for one by one, where anybody still knows them. */
  async function complete(queue: readonly JobSight[], entries: readonly Followed[]): Promise<Map<string, JobSight>> {
    const known = new Map(queue.map((sight) => [sight.id, sight]));
    const missing = entries.map(({ work }) => work.jobId).filter((id) => !known.has(id));
    if (missing.length === 0) return known;
    for (const sight of await askAboutMissing(access.shell, missing, abort.signal)) known.set(sight.id, sight);
    return known;
  }

  function noteSight(entry: Followed, sight: JobSight | null, ends: RunSight['ends']): void {
    if (sight?.state !== entry.sight?.state) changedAt = nowMs();
    entry.sight = sight;
    const over = sight === null || isOver(slurmState(sight.state));
    entry.overSince = over ? (entry.overSince ?? nowMs()) : null;
    show(entry, shownSight(sight, ends, entry.work.jobId));
  }

  async function takeIn(entry: Followed, seen: RunSight): Promise<void> {
    const { mirror } = entry.work;
    if (seen.size < mirror.offset) return mirror.restart();
    const events = await mirror.take(seen.bytes);
    if (events.length === 0) return;
    for (const event of events) entry.lastWord = lastWordAfter(entry.lastWord, event);
    await entry.work.take(events);
  }

  async function decide(entry: Followed, seen: RunSight): Promise<void> {
    const { work } = entry;
    const step = await work.step();
    if (step === null) return leave(entry);
    const overForMs = entry.overSince === null ? 0 : nowMs() - entry.overSince;
    const isEnding = overForMs >= pace.settleMs && entry.lastWord === null;
    const evidence = {
      lastWord: entry.lastWord,
      sight: entry.sight,
      overForMs: entry.sight === null && entry.overSince === null ? 0 : overForMs,
      ends: seen.ends,
      stopAsked: seen.stopAsked,
      step,
      site: access.site.name,
      jobId: work.jobId,
      logTail: isEnding ? await logTail(work) : '',
    };
    const verdict = judge(evidence, pace);
    // It was left while its log was read.
    if (followed.get(work.id) !== entry) return;
    if (verdict.kind === 'over') await conclude(entry, verdict.status, verdict.error, seen.node);
    else await work.goesOn(verdict.status, entry.lastWord === null);
  }

  async function logTail({ folder }: SiteWork): Promise<string> {
    const script = `tail -n 4 ${quote(`${folder}/${jobFiles.log}`)} 2>/dev/null`;
    return (await access.shell.run(script, { signal: abort.signal })).stdout;
  }

  async function conclude(
    entry: Followed,
    status: RunStatus,
    error: ErrorReport | null,
    node: string | null,
  ): Promise<void> {
    show(entry, lastShown(status, entry.sight, { ...entry.shown, node: entry.shown.node ?? node }));
    await entry.noted;
    await entry.work.over(status, error);
    await leave(entry);
  }

  async function leave({ work }: Followed): Promise<void> {
    followed.delete(work.id);
    await work.release();
  }

  function show(entry: Followed, change: Partial<SeenJob>): void {
    const before = entry.shown;
    entry.shown = { ...before, ...change };
    if (!differs(before, entry.shown)) return;
    // One after the other, so that what was seen last is told last. What was removed meanwhile has no folder to tell it to.
    entry.noted = entry.noted.then(() => entry.work.told(entry.shown)).catch(() => {});
  }

  return {
    async add(work) {
      const shown = firstShown(access.site.name, work.jobId);
      await work.told(shown);
      if (abort.signal.aborted) return work.release();
      const { lastWord } = work;
      followed.set(work.id, { work, lastWord, sight: null, overSince: null, shown, noted: Promise.resolve() });
      changedAt = nowMs();
      queueAt = 0;
      wake();
      looping ??= loop();
    },
    has: (id) => followed.has(id),
    jobs: () => [...followed.values()].map(({ work, shown }) => ({ id: work.id, job: shown })),
    async leave(id) {
      const entry = followed.get(id);
      if (entry !== undefined) await leave(entry);
    },
    hurry() {
      queueAt = 0;
      changedAt = nowMs();
      wake();
    },
    async close() {
      abort.abort();
      wake();
      await looping;
      await Promise.all([...followed.values()].map(({ work }) => work.release()));
    },
  };
}
