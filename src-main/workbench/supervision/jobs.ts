import { randomUUID } from 'node:crypto';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { Job } from '../../shared/contract/views.ts';
import type { EventBus } from '../contract/event-bus.ts';
import type { Task } from './task.ts';

/** Long work of the main side: each job reports progress and can be cancelled; finished ones stay listed for a while. */
export interface Jobs {
  /** With `showAfterMs`, work that ends sooner is never listed and windows never hear of it. */
  start(head: JobHead, work: (task: Task) => Promise<Record<string, string>>, showAfterMs?: number): Job;
  list(): Job[];
  cancel(jobId: string): void;
  /** Resolves when the job has ended, whichever way. */
  settled(jobId: string): Promise<Job>;
  /** Cancels what runs and waits for it. */
  close(): Promise<void>;
}

export type JobHead = Pick<Job, 'kind' | 'title'>;

interface Entry {
  job: Job;
  abort: AbortController;
  settled: Promise<Job>;
  publishedAt: number;
  /** What the pace is judged from: the start, or the last moment at which the work waited. */
  pacedFrom: { at: number; fraction: number };
  /** Runs while the job is not shown yet. */
  showTimer: NodeJS.Timeout | null;
}

const keptJobs = 200;
/** Progress reaches the windows at most this often. */
const publishEveryMs = 100;

export function createJobs(bus: EventBus, nowMs: () => number = Date.now): Jobs {
  const entries = new Map<string, Entry>();

  function change(entry: Entry, part: Partial<Job>, always: boolean): void {
    entry.job = { ...entry.job, ...part };
    if (entry.showTimer !== null) return;
    const now = nowMs();
    if (!always && now - entry.publishedAt < publishEveryMs) return;
    entry.publishedAt = now;
    bus.publish({ topic: 'job', job: entry.job });
  }

  function taskOf(entry: Entry): Task {
    return {
      signal: entry.abort.signal,
      progress(phase, fraction, etaMs) {
        if (entry.job.state !== 'running') return;
        const now = nowMs();
        if (fraction === null) entry.pacedFrom = { at: now, fraction: entry.job.fraction ?? entry.pacedFrom.fraction };
        const eta = etaMs ?? remainingMs(entry.pacedFrom, now, fraction);
        change(entry, { phase, fraction, etaMs: eta }, phase !== entry.job.phase);
      },
    };
  }

  async function run(entry: Entry, work: (task: Task) => Promise<Record<string, string>>): Promise<Job> {
    try {
      const result = await work(taskOf(entry));
      change(entry, { state: 'done', fraction: 1, etaMs: 0, endedAt: nowMs(), result }, true);
    } catch (error) {
      const report = endReport(error, entry.abort.signal);
      const state = report.code === 'cancelled' ? 'cancelled' : 'failed';
      change(entry, { state, etaMs: null, endedAt: nowMs(), error: report }, true);
    }
    if (entry.showTimer !== null) {
      clearTimeout(entry.showTimer);
      entries.delete(entry.job.id);
    }
    return entry.job;
  }

  function show(entry: Entry): void {
    entry.showTimer = null;
    change(entry, {}, true);
  }

  return {
    start(head, work, showAfterMs = 0) {
      forgetOldest(entries);
      const job = newJob(head, nowMs());
      const entry: Entry = {
        job,
        abort: new AbortController(),
        settled: Promise.resolve(job),
        publishedAt: 0,
        pacedFrom: { at: job.startedAt, fraction: 0 },
        showTimer: null,
      };
      entries.set(job.id, entry);
      if (showAfterMs > 0) entry.showTimer = setTimeout(() => show(entry), showAfterMs);
      else show(entry);
      entry.settled = run(entry, work);
      return entry.job;
    },
    list: () =>
      [...entries.values()]
        .filter(({ showTimer }) => showTimer === null)
        .map((entry) => entry.job)
        .reverse(),
    cancel(jobId) {
      entryOf(entries, jobId).abort.abort();
    },
    settled: (jobId) => entryOf(entries, jobId).settled,
    async close() {
      for (const entry of entries.values()) entry.abort.abort();
      await Promise.all([...entries.values()].map((entry) => entry.settled));
    },
  };
}

function newJob(head: JobHead, startedAt: number): Job {
  const unfinished = { state: 'running', phase: '', fraction: null, etaMs: null, endedAt: null, error: null } as const;
  return { id: randomUUID(), ...head, ...unfinished, startedAt, result: {} };
}

function entryOf(entries: Map<string, Entry>, jobId: string): Entry {
  const entry = entries.get(jobId);
  if (entry === undefined) throw new WorkbenchError('not-found', `There is no job ${jobId}.`);
  return entry;
}

/** What is left, judged by the pace since the work last waited; null until there is a pace to judge by. */
function remainingMs(from: Entry['pacedFrom'], now: number, fraction: number | null): number | null {
  if (fraction === null || fraction - from.fraction <= 0.01) return null;
  return Math.round(((now - from.at) * (1 - fraction)) / (fraction - from.fraction));
}

/** An aborted job is cancelled, whatever the interruption made its work throw. */
function endReport(error: unknown, signal: AbortSignal): ErrorReport {
  const report = reportOf(error);
  if (report.code === 'internal' && signal.aborted) return { code: 'cancelled', message: 'Cancelled.' };
  if (report.code === 'internal') console.error(error);
  return report;
}

function forgetOldest(entries: Map<string, Entry>): void {
  for (const [id, entry] of entries) {
    if (entries.size < keptJobs) return;
    if (entry.job.state !== 'running') entries.delete(id);
  }
}
