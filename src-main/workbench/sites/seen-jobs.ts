import type { RunRecord } from '../../shared/domain/entities.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { SiteJob } from '../../shared/domain/sites.ts';
import type { Core } from '../core.ts';
import { firstShown, readJobNote } from './job-note.ts';
import { readRunNote, taskId } from './run-note.ts';

/** Files that are looked for at once. */
const atOnce = 64;

/**
 * The job of every run at a site: as this program follows it, else as the one that does has noted it. Also of runs that have ended.
 * Runs of this machine have none.
 */
export async function seenJobs(core: Core, followed: readonly SiteJob[]): Promise<SiteJob[]> {
  const here = new Map(followed.map((job) => [job.runId, job]));
  const runs = await core.store.listRuns();
  const jobs: SiteJob[] = [];
  for (let i = 0; i < runs.length; i += atOnce) {
    const part = await Promise.all(runs.slice(i, i + atOnce).map(async (run) => here.get(run.id) ?? noted(core, run)));
    jobs.push(...part.filter((job) => job !== null));
  }
  return jobs;
}

async function noted({ layout }: Core, run: RunRecord): Promise<SiteJob | null> {
  const note = await readRunNote(layout, run);
  if (note === null) return null;
  const jobId = taskId(note, run.id);
  const seen = await readJobNote(layout, run);
  // A job that was noted before the run was resumed says nothing about this one.
  if (seen !== null && seen.jobId === jobId) return seen;
  const first = { ...firstShown(note.site, jobId ?? ''), runId: run.id };
  if (hasEnded(run.status)) return { ...first, phase: 'ended', says: jobId === null ? 'Not submitted.' : 'Ended.' };
  return jobId === null ? { ...first, says: 'Not submitted yet.' } : first;
}
