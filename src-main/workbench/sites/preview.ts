import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SubmissionPreview } from '../../shared/domain/sites.ts';
import { jobScript } from '../../sites/job-script.ts';
import type { SiteShell } from '../../sites/shell.ts';
import { parseMaxArraySize, parseTestOnly } from '../../sites/slurm-commands.ts';
import { siteFolders } from './submit.ts';
import type { SiteAccess } from './submit.ts';

/** What would be submitted, and when Slurm expects it to start; nothing is left at the site. */
export async function previewSubmission(
  { site, shell }: SiteAccess,
  label: string,
  tasks: number,
  atOnce?: number,
): Promise<SubmissionPreview> {
  const largest = tasks > 1 ? await maxArraySize(shell) : 1;
  const runIds = Array.from({ length: Math.min(tasks, largest) }, (_, i) => `RUN-${i + 1}`);
  const script = jobScript({ site, folder: siteFolders(site).submission('SUBMISSION'), name: label, runIds, atOnce });
  const { status, stderr } = await shell.run('sbatch --test-only', { input: script });
  const estimate = parseTestOnly(stderr);
  if (status !== 0) {
    throw new WorkbenchError('unavailable', `Slurm at “${site.name}” would not take the job: ${lastLine(stderr)}`, {
      remedy: 'Check the site’s profile.',
    });
  }
  return {
    site: site.name,
    script,
    arrays: Math.ceil(tasks / largest),
    tasks,
    estimate: estimate?.says ?? null,
    expectedStartAt: estimate?.startAt ?? null,
  };
}

export async function maxArraySize(shell: SiteShell): Promise<number> {
  const { status, stdout, stderr } = await shell.run('scontrol show config');
  if (status === 0) return parseMaxArraySize(stdout);
  throw new WorkbenchError('unavailable', `Slurm’s controller does not answer: ${lastLine(stderr)}`);
}

function lastLine(text: string): string {
  return (text.trim().split('\n').at(-1) ?? '').replace(/^\w+: (error: |fatal: )?/, '');
}
