import type { SiteShell } from '../../sites/shell.ts';
import { parseSacct, parseShowJob, sacctCommand, showJobCommand } from '../../sites/slurm-commands.ts';
import type { JobSight } from '../../sites/slurm-words.ts';
import { slurmState } from '../../sites/slurm-words.ts';

/**
 * What is known of jobs that the queue no longer lists: by accounting, else by the controller's memory of some minutes. That
 * accounting is off, refused or failing is normal; then nothing is known, and the run's folder has to say it.
 */
export async function askAboutMissing(
  shell: SiteShell,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<JobSight[]> {
  const accounted = await sacct(shell, ids, true, signal);
  // Of a job that was put back, the whole may still be called preempted after a later attempt has ended.
  const stale = accounted.filter(({ state }) => slurmState(state) === 'preempted').map(({ id }) => id);
  const parts = stale.length === 0 ? [] : await sacct(shell, stale, false, signal);
  const known = new Map([...accounted, ...parts].map((sight) => [sight.id, sight]));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    const shown = await shell.run(unknown.map((id) => `${showJobCommand(id)} 2>/dev/null`).join('\n'), { signal });
    for (const sight of parseShowJob(shown.stdout)) known.set(sight.id, sight);
  }
  return [...known.values()];
}

async function sacct(
  shell: SiteShell,
  ids: readonly string[],
  whole: boolean,
  signal: AbortSignal,
): Promise<JobSight[]> {
  const { status, stdout } = await shell.run(`${sacctCommand(ids, whole)} 2>/dev/null`, { signal });
  return status === 0 ? parseSacct(stdout) : [];
}
