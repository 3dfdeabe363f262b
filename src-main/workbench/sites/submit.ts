import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TrainJob, TrainerJob } from '../../shared/domain/jobs.ts';
import type { Site } from '../../shared/domain/sites.ts';
import { jobFiles, jobScript, stopFile } from '../../sites/job-script.ts';
import { quote } from '../../sites/quote.ts';
import type { SiteShell } from '../../sites/shell.ts';
import { parseSubmitted } from '../../sites/slurm-commands.ts';
import type { Transfer } from '../../sites/transfer.ts';
import type { Core } from '../core.ts';
import { prepareTrainJob } from '../runs/prepare.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { RunNote } from './run-note.ts';

export interface SiteAccess {
  readonly site: Site;
  readonly shell: SiteShell;
  readonly transfer: Transfer;
}

/** Folders at a site, all below the one that it was given. */
export function siteFolders({ folder }: Pick<Site, 'folder'>) {
  const at = (...parts: string[]) => path.posix.join(folder, ...parts);
  return {
    run: (runId: string) => at('runs', runId),
    evaluation: (id: string) => at('evaluations', id),
    weights: (name: string) => at('weights', name),
    submission: (id: string) => at('jobs', id),
    inputs: at('inputs'),
    cache: at('cache', 'reference'),
  };
}

/**
 * Brings what the runs read to the site, writes their job and submits it; answers Slurm's id. Done again after a kill it continues:
 * what was brought stays, and a job that Slurm has taken is found by the file that the same command wrote.
 */
export async function submitRuns(
  core: Core,
  access: SiteAccess,
  runs: readonly RunRecord[],
  submission: RunNote['submission'],
  task: Task,
): Promise<string> {
  const { site } = access;
  for (const [i, run] of runs.entries()) {
    const part = partOf(task, i / runs.length, (i + 1) / runs.length);
    await layOut(core, access, run, part);
    throwIfCancelled(task);
  }
  const list = submission.runIds.map((id) => siteFolders(site).run(id));
  return submitJob(access, submission, list, task);
}

/** One job for these folders, an array where there are several; answers Slurm's id. A job that Slurm has taken is found, and not submitted again. */
export async function submitJob(
  { site, shell }: SiteAccess,
  submission: RunNote['submission'],
  folders: readonly string[],
  task: Task,
): Promise<string> {
  const folder = siteFolders(site).submission(submission.id);
  const { name, runIds, atOnce } = submission;
  const script = jobScript({ site, folder, name, runIds, atOnce });
  const list = folders.map((one) => `${one}\n`).join('');
  const { status, stdout, stderr } = await shell.run(submitScript(folder, script, list), { signal: task.signal });
  const submitted = parseSubmitted(stdout);
  if (status === 0 && submitted !== null) return submitted.jobId;
  throw refused(site, stderr);
}

/** The id of a job that Slurm has taken, by what the command that submitted it wrote; null where there is none. */
export async function submittedJob({ site, shell }: SiteAccess, submissionId: string): Promise<string | null> {
  const file = path.posix.join(siteFolders(site).submission(submissionId), 'job-id');
  const { stdout } = await shell.run(`cat ${quote(file)} 2>/dev/null`);
  return parseSubmitted(stdout)?.jobId ?? null;
}

function submitScript(folder: string, script: string, list: string): string {
  const write = (name: string, text: string) => `printf %s ${quote(text)} >${name}`;
  return `set -e
mkdir -p ${quote(folder)}
cd ${quote(folder)}
if [ ! -s job-id ]; then
${write(jobFiles.runs, list)}
${write(jobFiles.script, script)}
sbatch --parsable ${jobFiles.script} >job-id.new
mv job-id.new job-id
fi
cat job-id`;
}

/** Slurm's own words say what is wrong with a partition, an account or a limit. */
function refused(site: Site, stderr: string): WorkbenchError {
  const said = stderr
    .split('\n')
    .map((line) => line.replace(/^sbatch: (error: |fatal: )?/, '').trim())
    .filter((line) => line !== '');
  return new WorkbenchError(
    'unavailable',
    `Slurm at “${site.name}” did not take the job: ${said.join(' ') || 'it gave no reason'}.`,
    {
      remedy: `Check the site’s profile; flipguard site doctor ${site.name} tries it out.`,
    },
  );
}

/** The run’s folder at the site: its job with the paths of there, and what it reads. */
async function layOut(core: Core, access: SiteAccess, run: RunRecord, task: Task): Promise<void> {
  task.progress('preparing', null);
  const job = await prepareTrainJob(core, run, { resume: true, elsewhere: true }, task);
  const folders = siteFolders(access.site);
  const bring = (file: string) => bringInput(access, file, task);
  const there = await withPathsOf(job, bring, folders.run(run.id), folders.cache);
  await writeJob(access, folders.run(run.id), there, task);
}

/** Brings a file or folder to the site, under a name that stands for what it holds; answers where it is there. */
export async function bringInput({ site, transfer }: SiteAccess, file: string, task: Task): Promise<string> {
  const target = path.posix.join(siteFolders(site).inputs, await identityOf(file));
  const phase = `bringing ${path.basename(file)} to ${site.name}`;
  task.progress(phase, 0);
  const { signal } = task;
  await transfer.push(file, target, { signal, onProgress: (fraction) => task.progress(phase, fraction) });
  return target;
}

/** A folder at the site with the job that its trainer reads. */
export async function writeJob(
  { site, shell }: SiteAccess,
  folder: string,
  job: TrainerJob,
  task: Task,
): Promise<void> {
  const { status, stderr } = await shell.run(
    `set -e; mkdir -p ${quote(folder)} ${quote(siteFolders(site).cache)}; cd ${quote(folder)}; rm -f ${stopFile} ${jobFiles.node}; cat >${jobFiles.job}.new; mv ${jobFiles.job}.new ${jobFiles.job}`,
    { signal: task.signal, input: JSON.stringify(job) },
  );
  if (status === 0) return;
  throw new WorkbenchError('io', `${folder} at “${site.name}” cannot be written: ${stderr.trim()}`);
}

async function withPathsOf(
  job: TrainJob,
  bring: (file: string) => Promise<string>,
  runFolder: string,
  cacheFolder: string,
): Promise<TrainJob> {
  const suites = [];
  for (const suite of job.suites) suites.push({ ...suite, itemsPath: await bring(suite.itemsPath) });
  const { guardSuite } = job;
  return {
    ...job,
    modelPath: await bring(job.modelPath),
    ...(job.referencePath === undefined ? {} : { referencePath: await bring(job.referencePath) }),
    ...(job.rewardModelPath === undefined ? {} : { rewardModelPath: await bring(job.rewardModelPath) }),
    trainRowsPath: await bring(job.trainRowsPath),
    ...(job.guardRowsPath === undefined ? {} : { guardRowsPath: await bring(job.guardRowsPath) }),
    ...(guardSuite === undefined
      ? {}
      : { guardSuite: { ...guardSuite, itemsPath: await bring(guardSuite.itemsPath) } }),
    suites,
    runFolder,
    cacheFolder,
  };
}

/**
 * A name that stands for what a file or folder holds, as far as names, sizes and times tell: what was brought once is not brought
 * again, and what has changed gets another name.
 */
export async function identityOf(source: string): Promise<string> {
  const top = await stat(source);
  const names = top.isDirectory() ? (await readdir(source)).sort() : [''];
  const hash = createHash('sha256');
  for (const name of names) {
    const { size, mtimeMs } = await stat(path.join(source, name));
    hash.update(`${name}\n${size}\n${mtimeMs}\n`);
  }
  const stem = path.basename(source).replaceAll(/[^A-Za-z0-9._-]/g, '-');
  return `${hash.digest('hex').slice(0, 16)}-${stem}`;
}

/** A program that was killed may have submitted it a moment before. */
export function takenJob(access: SiteAccess, id: string): Promise<string | null> {
  return submittedJob(access, id).catch(() => null);
}
