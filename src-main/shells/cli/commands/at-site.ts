import type { RunRecord } from '../../../shared/domain/entities.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { requireLaunchable } from '../../../workbench/runs/check.ts';
import type { SpecInput } from '../../../workbench/runs/spec-text.ts';
import { specObject } from '../../../workbench/runs/spec-text.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { SweepFlags, TrainFlags } from '../options/runs.ts';
import { plain } from '../terminal.ts';
import { tellSpecWarnings } from './warnings.ts';

export function requireSite({ site, detach }: TrainFlags): void {
  if (site !== undefined || detach !== true) return;
  throw new WorkbenchError('bad-input', '--detach goes with --site NAME.', {
    remedy: 'Name a site; flipguard site list has them.',
  });
}

/**
 * Specs are checked as a launch would, and then it is said what would be started: at a site its script and Slurm’s estimate, before
 * anything is submitted.
 */
export async function showSubmission(
  context: CommandContext,
  workbench: Workbench,
  inputs: readonly SpecInput[],
  { site, atOnce }: Pick<SweepFlags, 'site' | 'atOnce'>,
  file?: string,
): Promise<ExitStatus> {
  const { terminal } = context;
  for (const input of inputs) await requireLaunchable(workbench.core, input, file);
  const warnings = tellSpecWarnings(context, inputs, file);
  if (site === undefined) {
    terminal.document({ runs: inputs.length, warnings });
    terminal.print(inputs.length === 1 ? 'The run can start.' : `All ${inputs.length} runs can start.`);
    return exitStatus.ok;
  }
  const [first] = inputs;
  const name = first === undefined ? undefined : specObject(first)['name'];
  const preview = await workbench.sites.preview(site, typeof name === 'string' ? name : 'run', inputs.length, atOnce);
  terminal.document({ ...preview, warnings });
  terminal.print(preview.script.trimEnd());
  const jobs =
    preview.tasks === 1
      ? 'One job'
      : `${preview.tasks} tasks in ${preview.arrays} ${preview.arrays === 1 ? 'array' : 'arrays'}`;
  terminal.note(plain(`${jobs}. ${preview.estimate ?? 'Slurm gives no estimate.'}`));
  return exitStatus.ok;
}

/** Waits until Slurm has the runs, and leaves them to it. */
export async function leave(
  { terminal }: CommandContext,
  { runs, sites }: Workbench,
  launched: readonly RunRecord[],
): Promise<ExitStatus> {
  for (const { id } of launched) await sites.submitted(id);
  const now = await Promise.all(launched.map(({ id }) => runs.get(id)));
  const jobs = new Map(sites.jobs().map((job) => [job.runId, job.jobId]));
  terminal.document({ runs: now.map((run) => ({ ...run, jobId: jobs.get(run.id) ?? null })) });
  for (const run of now) {
    terminal.print(plain(`Run “${run.name}”: job ${jobs.get(run.id) ?? 'none'}, ${run.status}.`));
    if (run.error !== null) terminal.note(plain(run.error.message));
  }
  return now.some((run) => run.status === 'failed') ? exitStatus.failure : exitStatus.ok;
}

/** Says on the terminal what a run's job does, whenever that changes. */
export function tellJob({ terminal }: CommandContext, { sites, subscribe }: Workbench, runId: string): () => void {
  let told = '';
  return subscribe(() => {
    const job = sites.jobs().find((one) => one.runId === runId);
    const says = job === undefined ? '' : (job.trouble ?? job.says);
    if (says === '' || says === told) return;
    told = says;
    terminal.note(plain(job?.jobId === '' ? says : `Job ${job?.jobId ?? ''}: ${says}`));
  });
}
