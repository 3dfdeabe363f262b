import { randomUUID } from 'node:crypto';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { Job } from '../../shared/contract/views.ts';
import type { EventBus } from '../contract/event-bus.ts';
import type { Task } from './task.ts';

/** Long work of the main side: each job reports progress and can be cancelled; finished ones stay listed for a while. */
export interface Jobs {
  start(head: JobHead, work: (task: Task) => Promise<Record<string, string>>): Job;
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
}

const keptJobs = 200;
/** Progress reaches the windows at most this often. */
const publishEveryMs = 100;

export function createJobs(bus: EventBus, nowMs: () => number = Date.now): Jobs {
  const entries = new Map<string, Entry>();

  function change(entry: Entry, part: Partial<Job>, always: boolean): void {
    entry.job = { ...entry.job, ...part };
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
        const eta = etaMs ?? remainingMs(nowMs() - entry.job.startedAt, fraction);
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
    return entry.job;
  }

  return {
    start(head, work) {
      forgetOldest(entries);
      const job = newJob(head, nowMs());
      const entry: Entry = { job, abort: new AbortController(), settled: Promise.resolve(job), publishedAt: 0 };
      entries.set(job.id, entry);
      change(entry, {}, true);
      entry.settled = run(entry, work);
      return entry.job;
    },
    list: () => [...entries.values()].map((entry) => entry.job).reverse(),
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

/** What is left, judged by the pace so far; null until there is a pace to judge by. */
function remainingMs(elapsedMs: number, fraction: number | null): number | null {
  if (fraction === null || fraction <= 0.01) return null;
  return Math.round((elapsedMs * (1 - fraction)) / fraction);
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
