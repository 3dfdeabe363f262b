import type { SiteJob } from '../../../shared/domain/sites.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { findWeights } from '../../../workbench/models/weights.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import { plain, table } from '../terminal.ts';

/** Long enough for one look at a site behind a slow ssh. */
const firstLookMs = 20_000;

export async function siteJobsCommand({ terminal, workbench }: CommandContext): Promise<void> {
  const opened = await workbench();
  await lookedAt(opened);
  const names = new Map<string, string>((await opened.runs.list()).map(({ id, name }) => [id, name]));
  // Those that another program follows too: serve, or a window.
  const ofRuns = (await opened.sites.seen()).filter(({ phase }) => phase !== 'ended');
  const jobs = [...ofRuns, ...(await opened.sites.evaluations.list())];
  terminal.document(jobs);
  const rows = jobs.map((job) => [
    'evaluation' in job ? `evaluation ${job.evaluation}` : (names.get(job.runId) ?? job.runId),
    job.site,
    job.jobId,
    job.says,
    job.expectedStartAt === null ? null : new Date(job.expectedStartAt).toLocaleString('en'),
  ]);
  terminal.print(
    rows.length === 0 ? 'No jobs at any site.' : table(['Run', 'Site', 'Job', 'What it does', 'Starts'], rows),
  );
  for (const { site, trouble } of jobs) if (trouble !== null) terminal.note(plain(`${site}: ${trouble}`));
}

/** The jobs once each site has been heard of, or has had time to answer. */
export async function lookedAt({ sites }: Workbench): Promise<SiteJob[]> {
  const deadline = Date.now() + firstLookMs;
  for (;;) {
    const jobs = sites.jobs();
    const open = jobs.some((job) => job.jobId !== '' && job.seenAt === null && job.trouble === null);
    if (!open || Date.now() > deadline) return jobs;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function siteLogCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  { lines = 40 }: { lines?: number },
): Promise<void> {
  const { runs, sites } = await workbench();
  const log = await sites.log(await runs.find(name), lines);
  terminal.document({ log });
  terminal.print(log.split('\n').map(plain).join('\n').trimEnd() || 'The job has written nothing yet.');
}

export async function siteBringCommand(
  { terminal, workbench, task }: CommandContext,
  name: string,
  { withOptimizer = false }: { withOptimizer?: boolean },
): Promise<void> {
  const { core, sites } = await workbench();
  const weights = await findWeights(core, name);
  if (weights.kind === 'model') throw new WorkbenchError('bad-input', `“${name}” is a model, and here already.`);
  const { run, checkpoint, label } = weights;
  const isElsewhere = await sites.bring(run, checkpoint.step, withOptimizer, task);
  terminal.settle();
  terminal.document({ runId: run.id, step: checkpoint.step, path: checkpoint.path });
  terminal.print(
    isElsewhere ? `${plain(label)} is in this workspace: ${checkpoint.path}` : `${plain(label)} was trained here.`,
  );
}

export async function siteRetryCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  { sweep }: { sweep?: string },
): Promise<void> {
  const { runs, sites } = await workbench();
  await sites.find(name);
  const again = await runs.retryAt(name, sweep);
  for (const { id } of again) await sites.submitted(id);
  terminal.document({ runs: again.map(({ id }) => id) });
  terminal.print(
    again.length === 0
      ? 'Nothing failed there.'
      : `${again.length} runs continue: ${again.map((run) => plain(run.name)).join(', ')}.`,
  );
}
