import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SiteReport } from '../../shared/domain/sites.ts';
import { doctorScript, parseDoctorAnswer } from '../../sites/doctor-script.ts';
import type { DoctorAnswer } from '../../sites/doctor-script.ts';
import { quote } from '../../sites/quote.ts';
import {
  hasAccounting,
  parseMaxArraySize,
  parseSqueue,
  parseSubmitted,
  squeueCommand,
} from '../../sites/slurm-commands.ts';
import { isOver, sentenceOf, slurmState } from '../../sites/slurm-words.ts';
import type { Task } from '../supervision/task.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import { version } from '../version.ts';
import { siteFolders } from './submit.ts';
import type { SiteAccess } from './submit.ts';

const askEveryMs = 2000;
const longestWaitMs = 300_000;
const looksAfterEnd = 5;
const bearableSkewMs = 5000;

/** Submits a job of a minute and says what it saw. Where the queue is long it says so after five minutes, and takes the job back. */
export async function examineSite({ site, shell }: SiteAccess, task: Task): Promise<SiteReport> {
  task.progress('asking the scheduler', null);
  const asked = await shell.run('sbatch --version && scontrol show config', { signal: task.signal });
  if (asked.status !== 0) throw noScheduler(site.name, asked.stderr);
  const report: SiteReport = {
    site: site.name,
    scheduler: /^slurm.*$/im.exec(asked.stdout)?.[0].trim() ?? 'Slurm',
    accounting: hasAccounting(asked.stdout),
    job: null,
    maxArraySize: parseMaxArraySize(asked.stdout),
    problems: [],
  };
  const token = randomUUID();
  const folder = siteFolders(site).submission(`doctor-${token}`);
  const submittedAt = Date.now();
  const jobId = await submit({ site, shell }, folder, token, task);
  try {
    const answer = await waitFor({ shell }, jobId, folder, task);
    if ('waits' in answer) report.problems.push(`The job gave no answer. ${answer.waits}`);
    else {
      report.job = jobOf(answer, token, submittedAt);
      report.problems.push(...problemsOf(answer, report.job));
    }
  } finally {
    await shell.run(`scancel ${quote(jobId)} 2>/dev/null; rm -rf ${quote(folder)}`).catch(() => {});
  }
  return report;
}

async function submit(
  { site, shell }: Pick<SiteAccess, 'site' | 'shell'>,
  folder: string,
  token: string,
  task: Task,
): Promise<string> {
  const made = `set -e; mkdir -p ${quote(folder)}; cd ${quote(folder)}; printf %s ${quote(token)} >token; cat >job.sh; sbatch --parsable job.sh`;
  const { status, stdout, stderr } = await shell.run(made, {
    input: doctorScript(site, folder, token),
    signal: task.signal,
  });
  const submitted = parseSubmitted(stdout);
  if (status === 0 && submitted !== null) return submitted.jobId;
  throw new WorkbenchError('unavailable', `“${site.name}” did not take the doctor’s job: ${stderr.trim()}`, {
    remedy: 'Check the site’s folder and profile.',
  });
}

async function waitFor(
  { shell }: Pick<SiteAccess, 'shell'>,
  jobId: string,
  folder: string,
  task: Task,
): Promise<DoctorAnswer | { waits: string }> {
  const script = `cat ${quote(`${folder}/answer`)} 2>/dev/null || { echo @none; ${squeueCommand} -j ${quote(jobId)} 2>&1; }`;
  let gone = 0;
  for (const deadline = Date.now() + longestWaitMs; ;) {
    throwIfCancelled(task);
    const { stdout } = await shell.run(script, { signal: task.signal });
    if (!stdout.startsWith('@none')) return parseDoctorAnswer(stdout);
    const sight = parseSqueue(stdout).find(({ id }) => id === jobId);
    const waits = sight === undefined ? 'Slurm no longer lists the job.' : sentenceOf(sight);
    task.progress(`job ${jobId}: ${waits}`, null);
    gone = sight === undefined || isOver(slurmState(sight.state)) ? gone + 1 : 0;
    // A shared disk may show the answer late.
    if (gone > looksAfterEnd)
      return { waits: `${waits} It left nothing in ${folder}: its node does not see that folder.` };
    if (Date.now() > deadline) return { waits };
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

const probeSchema = z.object({ device: z.string(), notes: z.array(z.string()).default([]) });

function jobOf(answer: DoctorAnswer, token: string, submittedAt: number): NonNullable<SiteReport['job']> {
  const now = Date.now();
  const clock = Number(answer.clock);
  // The job ran at some moment between submission and now: outside that span its clock differs.
  const skew = clock < submittedAt ? clock - submittedAt : clock > now ? clock - now : 0;
  return {
    node: answer.node,
    gpus: answer.gpus,
    backend: backendOf(answer.backend),
    node24: answer.node24,
    program: answer.version,
    folderSeen: answer.token === token,
    clockSkewMs: Number.isFinite(skew) ? skew : 0,
    waitedMs: now - submittedAt,
  };
}

function backendOf(said: string): string {
  if (said === '') return 'none';
  const parsed = probeSchema.safeParse(JSON.parse(said));
  return parsed.success ? [parsed.data.device, ...parsed.data.notes].join('. ') : 'none';
}

function problemsOf(answer: DoctorAnswer, job: NonNullable<SiteReport['job']>): string[] {
  const problems: string[] = [];
  if (answer.trouble !== '') problems.push(answer.trouble);
  if (!job.folderSeen) problems.push('The node does not see the site’s folder as it is here.');
  if (job.backend === 'none') problems.push('No training backend can be opened on the node.');
  if (job.program !== '' && job.program !== version)
    problems.push(`The workbench there is ${job.program}, this one is ${version}: put the same one there.`);
  if (Math.abs(job.clockSkewMs) > bearableSkewMs)
    problems.push(`The node’s clock is ${(job.clockSkewMs / 1000).toFixed(0)} s off; times of its events will be too.`);
  return problems;
}

function noScheduler(name: string, stderr: string): WorkbenchError {
  const said = (stderr.trim().split('\n').at(-1) ?? '').replace(/^bash: line \d+: /, '');
  return new WorkbenchError('unavailable', `Slurm does not answer at “${name}”: ${said || 'sbatch is not there'}.`, {
    remedy:
      'Slurm’s commands have to be in the PATH of a plain shell there; SLURM_CONF is remembered when it is set as the site is added.',
  });
}
