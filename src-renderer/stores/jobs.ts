import { computed, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { shownInPlace } from '@shared/contract/views.ts';
import type { Job } from '@shared/contract/views.ts';
import { WorkbenchError } from '@shared/domain/errors.ts';
import { events, invoke } from '../api/client.ts';
import { attend, useToasts } from './toasts.ts';

/** Long work of the workbench. It continues when a view is left; its end is told by a toast wherever the person is then. */
export const useJobs = defineStore('jobs', () => {
  const jobs = shallowRef<Job[]>([]);
  const waiting = new Map<string, { resolve: (job: Job) => void; reject: (error: unknown) => void }[]>();
  const running = computed(() => jobs.value.filter((job) => job.state === 'running'));

  async function refresh(): Promise<void> {
    const before = new Set(running.value.map((job) => job.id));
    const answer = await invoke('jobs.list', {});
    // A job does not start again: what an event said of its end outweighs an older answer.
    const over = new Map(jobs.value.filter((job) => job.state !== 'running').map((job) => [job.id, job]));
    jobs.value = answer.map((job) => over.get(job.id) ?? job);
    for (const job of answer) if (job.state !== 'running' && (before.has(job.id) || waiting.has(job.id))) ended(job);
    const known = new Set(jobs.value.map(({ id }) => id));
    for (const id of [...waiting.keys()]) if (!known.has(id)) lost(id);
  }

  function receive(job: Job): void {
    const old = jobs.value.find((known) => known.id === job.id);
    jobs.value = old ? jobs.value.map((known) => (known.id === job.id ? job : known)) : [...jobs.value, job];
    if (job.state !== 'running' && old?.state !== job.state) ended(job);
  }

  function ended(job: Job): void {
    const waiters = waiting.get(job.id) ?? [];
    waiting.delete(job.id);
    for (const { resolve, reject } of waiters) {
      if (job.state === 'done') resolve(job);
      else reject(failureOf(job));
    }
    announce(job, waiters.length > 0);
  }

  /** The workbench restarted, and its jobs ended with it. */
  function lost(jobId: string): void {
    for (const { reject } of waiting.get(jobId) ?? [])
      reject(
        new WorkbenchError('unavailable', 'FlipGuard restarted before this was done.', { remedy: 'Start it again.' }),
      );
    waiting.delete(jobId);
  }

  function announce(job: Job, awaited: boolean): void {
    if (shownInPlace.has(job.kind)) return;
    const toasts = useToasts();
    if (job.state === 'failed' && !awaited) toasts.error(failureOf(job), job.title);
    if (job.state === 'cancelled') toasts.show({ tone: 'neutral', title: `Cancelled: ${job.title}` });
    if (job.state === 'done' && job.kind !== 'comparison') {
      // Home speaks of nothing else then.
      const action = whereToGo(job);
      const detail = job.kind === 'watch' ? job.result['said'] : undefined;
      toasts.show({
        tone: 'good',
        title: `Done: ${job.title}`,
        ...(detail === undefined || detail === '' ? {} : { detail }),
        ...(action === undefined ? {} : { action }),
      });
    }
  }

  /** Resolves when the job is done; rejects with why it failed or that it was cancelled. */
  function finished(jobId: string): Promise<Job> {
    const job = jobs.value.find((known) => known.id === jobId);
    if (job?.state === 'done') return Promise.resolve(job);
    if (job !== undefined && job.state !== 'running') return Promise.reject(failureOf(job));
    return new Promise((resolve, reject) => {
      waiting.set(jobId, [...(waiting.get(jobId) ?? []), { resolve, reject }]);
    });
  }

  /** A demo takes minutes, and what it made so far stays behind: it is cancelled after one question. */
  const asking = shallowRef<Job | null>(null);
  function cancel(jobId: string): void {
    const job = byId(jobId);
    if (job?.kind === 'demo' && job.state === 'running') asking.value = job;
    else cancelNow(jobId);
  }
  function cancelNow(jobId: string): void {
    useToasts().attend(invoke('jobs.cancel', { jobId }), 'The job could not be cancelled');
  }
  const byId = (jobId: string) => jobs.value.find((job) => job.id === jobId) ?? null;

  events().on('job', ({ job }) => receive(job));
  events().onResync(() => attend(refresh()));
  return { jobs, running, asking, refresh, finished, cancel, cancelNow, byId };
});

/** What came of a job, one click away. */
function whereToGo({ kind, result }: Job): { label: string; run: () => void } | undefined {
  if (kind === 'demo') return { label: 'See what it found', run: () => (location.hash = '#/') };
  const runId = kind === 'watch' ? result['runId'] : undefined;
  if (runId !== undefined) return { label: 'Open the run', run: () => (location.hash = `#/runs/${runId}`) };
  const evaluationId = kind === 'judge' ? result['evaluationId'] : undefined;
  if (evaluationId === undefined) return undefined;
  return { label: 'Open its verdicts', run: () => (location.hash = `#/evaluations/${evaluationId}`) };
}

function failureOf(job: Job): WorkbenchError {
  if (job.error !== null) return WorkbenchError.fromReport(job.error);
  return new WorkbenchError(job.state === 'cancelled' ? 'cancelled' : 'internal', `“${job.title}” did not finish.`);
}
