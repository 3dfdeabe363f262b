import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { SeenJob, SiteJob } from '../../shared/domain/sites.ts';
import type { AttemptEnd } from '../../sites/poll.ts';
import { phaseOf, sentenceOf } from '../../sites/slurm-words.ts';
import type { JobSight } from '../../sites/slurm-words.ts';
import { writeWhole } from '../../system/whole-file.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { WorkspaceLayout } from '../workspace/workspace-layout.ts';

/**
 * What a run's job was last seen doing, in the run's folder: every program that lists the run says the same, and an ended job is
 * still known when its scheduler has forgotten it.
 */
const jobNoteSchema = z.object({
  runId: z.string(),
  site: z.string(),
  jobId: z.string(),
  phase: z.enum(['waiting', 'running', 'paused', 'held', 'ended', 'unknown']),
  says: z.string(),
  node: z.string().nullable(),
  expectedStartAt: z.number().nullable(),
  attempt: z.number(),
  seenAt: z.number().nullable(),
  trouble: z.string().nullable(),
}) satisfies z.ZodType<SiteJob>;

type Layout = Pick<WorkspaceLayout, 'root'>;

/** Null where none was written, or where it cannot be read: it only repeats what the site said. */
export async function readJobNote(layout: Layout, run: { folder: string }): Promise<SiteJob | null> {
  const text = await readFile(runFolder(layout, run).file('siteJob'), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return jobNoteSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

export function writeJobNote(layout: Layout, run: { folder: string }, job: SiteJob): Promise<void> {
  return writeWhole(runFolder(layout, run).file('siteJob'), JSON.stringify(job));
}

export function firstShown(site: string, jobId: string): SeenJob {
  const says = 'Handed over; the site has not been asked yet.';
  const unseen = { node: null, expectedStartAt: null, seenAt: null, trouble: null };
  return { site, jobId, phase: 'waiting', says, attempt: 1, ...unseen };
}

/** Whether people would be told something else. */
export function differs(a: SeenJob, b: SeenJob): boolean {
  return (['phase', 'says', 'node', 'expectedStartAt', 'attempt', 'trouble'] as const).some((key) => a[key] !== b[key]);
}

type Shown = Pick<SeenJob, 'phase' | 'says' | 'node' | 'expectedStartAt' | 'attempt'>;

/** What Slurm says of a job, and what its earlier attempts wrote. `sight` is null while Slurm does not know it. */
export function shownSight(sight: JobSight | null, ends: readonly AttemptEnd[], jobId: string): Shown {
  const own = ends.filter(({ job }) => job === jobId);
  const last = own.at(-1);
  const before = (last?.attempt ?? -1) + 1;
  if (sight === null) {
    const says = 'Slurm does not list the job at the moment.';
    return { phase: 'unknown', says, node: null, expectedStartAt: null, attempt: Math.max(1, before) };
  }
  const phase = phaseOf(sight);
  const waits = phase === 'waiting' || phase === 'held';
  const again = waits && last !== undefined ? `Put back into the queue after ${whyBack(last)}. ` : '';
  // A job that ended is still in its last attempt.
  const attempt = waits || phase === 'running' ? before + 1 : Math.max(1, before);
  const which = phase === 'running' && attempt > 1 ? ` This is attempt ${attempt}.` : '';
  return {
    phase,
    says: `${again}${sentenceOf(sight)}${which}`,
    node: sight.node,
    expectedStartAt: phase === 'waiting' ? sight.startAt : null,
    attempt,
  };
}

function whyBack({ signal, status, attempt }: AttemptEnd): string {
  const which = `attempt ${attempt + 1}`;
  if (signal === 'USR1') return `${which} saved itself before its time was over`;
  if (signal === 'TERM') return `${which} was told to end (preempted, or its node was needed) and saved itself`;
  return `${which} ended with status ${status}`;
}

/** How a job ended, to be read when its scheduler knows it no more. The folder may have said the end before Slurm did. */
export function lastShown(status: RunStatus, sight: JobSight | null, before: Pick<SeenJob, 'node'>): Partial<SeenJob> {
  const slurm = sight === null || phaseOf(sight) !== 'ended' ? null : sentenceOf(sight);
  const where = before.node === null ? '' : ` on ${before.node}`;
  const words: Partial<Record<RunStatus, string>> = {
    finished: `Ended${where}.`,
    stopped: slurm?.startsWith('Cancelled') === true ? slurm : 'Stopped on request.',
    failed: `Failed${where}.`,
  };
  const isWord = slurm === null || slurm.startsWith('Ended');
  const says = status === 'stopped' || isWord ? (words[status] ?? slurm ?? 'Slurm knows the job no more.') : slurm;
  return { phase: 'ended', says, node: before.node, expectedStartAt: null, trouble: null };
}
