import { setTimeout as sleep } from 'node:timers/promises';
import type { Computed, Job } from '../../shared/contract/views.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { EventBus } from '../contract/event-bus.ts';
import type { JobHead, Jobs } from './jobs.ts';
import { throwIfCancelled, unlessCancelled } from './task.ts';
import type { Task } from './task.ts';

/**
 * What is worked out when somebody looks: a frontier, a flip meter, a token ledger. Each is a job with progress and cancel. One of
 * a kind works at a time, the others wait in line; who asks for what is under way already follows the same job.
 */
export interface Computations {
  /** `input` is all that the value depends on besides the workspace. Rejects with why it failed, when that was at once. */
  ask<T>(head: JobHead, input: unknown, work: (task: Task) => Promise<T>): Promise<Computed<T>>;
  /** What a job that is done came to; each of those who asked takes it once. */
  take(jobId: string): unknown;
  /** One of those who asked no longer wants it. With the last of them its job is cancelled. */
  leave(jobId: string): void;
}

interface Computation {
  readonly jobId: string;
  readonly settled: Promise<Job>;
  /** How many have asked and neither taken it nor left. */
  askers: number;
  done: { value: unknown } | null;
}

/** Up to here an answer is waited for, and no window hears of a job. */
const noticedAfterMs = 150;
/** Values that wait to be taken; of a window that was closed meanwhile nobody does. */
const mostUntaken = 20;

export function createComputations(jobs: Jobs, bus: EventBus, showAfterMs: number = noticedAfterMs): Computations {
  /** By kind and input: those that the next to ask may follow. */
  const open = new Map<string, Computation>();
  /** By job, oldest first: all that run or wait to be taken. */
  const known = new Map<string, Computation>();
  /** By kind: resolves when all that were asked for so far have ended. */
  const lines = new Map<Job['kind'], Promise<void>>();

  // What is under way may not know of the change: whoever asks now gets one that does.
  bus.subscribe((event) => {
    if (event.topic === 'changed' && event.lists.some((list) => list !== 'comparisons')) open.clear();
  });

  function begin<T>(key: string, head: JobHead, work: (task: Task) => Promise<T>): Computation {
    const before = lines.get(head.kind);
    const job = jobs.start(
      head,
      async (task) => {
        // Nor does anybody follow what is being given up.
        task.signal.addEventListener('abort', () => close(key, job.id), { once: true });
        if (before !== undefined) {
          task.progress('waiting for another of its kind', null);
          await unlessCancelled(task, before);
        }
        throwIfCancelled(task);
        const value = await work(task);
        computation.done = { value };
        return {};
      },
      showAfterMs,
    );
    const computation: Computation = { jobId: job.id, settled: jobs.settled(job.id), askers: 0, done: null };
    const line = Promise.all([before, computation.settled]).then(() => {
      close(key, job.id);
      if (computation.done === null) known.delete(job.id);
      if (lines.get(head.kind) === line) lines.delete(head.kind);
    });
    lines.set(head.kind, line);
    open.set(key, computation);
    known.set(job.id, computation);
    forgetOldest();
    return computation;
  }

  function close(key: string, jobId: string): void {
    if (open.get(key)?.jobId === jobId) open.delete(key);
  }

  function forgetOldest(): void {
    const untaken = [...known.values()].filter(({ done }) => done !== null);
    for (const { jobId } of untaken.slice(0, -mostUntaken)) known.delete(jobId);
  }

  function part(computation: Computation): void {
    computation.askers -= 1;
    if (computation.askers > 0) return;
    if (computation.done === null) jobs.cancel(computation.jobId);
    else known.delete(computation.jobId);
  }

  return {
    async ask<T>(head: JobHead, input: unknown, work: (task: Task) => Promise<T>): Promise<Computed<T>> {
      const key = JSON.stringify([head.kind, input]);
      const computation = open.get(key) ?? begin(key, head, work);
      computation.askers += 1;
      const ended = await Promise.race([computation.settled, sleep(showAfterMs, null, { ref: false })]);
      if (ended === null) return { state: 'running', jobId: computation.jobId };
      if (ended.error !== null) throw WorkbenchError.fromReport(ended.error);
      part(computation);
      // Of a `work` of the same kind and input, whose type is the caller's.
      return { state: 'done', value: computation.done?.value as T };
    },
    take(jobId) {
      const computation = known.get(jobId);
      if (computation?.done == null) {
        throw new WorkbenchError('not-found', 'The result is no longer kept.', { remedy: 'Ask again.' });
      }
      part(computation);
      return computation.done.value;
    },
    leave(jobId) {
      const computation = known.get(jobId);
      if (computation !== undefined) part(computation);
    },
  };
}
