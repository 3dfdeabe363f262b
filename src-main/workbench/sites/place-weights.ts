import { hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import { quote } from '../../sites/quote.ts';
import type { Task } from '../supervision/task.ts';
import { bringInput, identityOf, siteFolders } from './submit.ts';
import type { SiteAccess } from './submit.ts';

/** The job with the paths of the site, where what it reads has been brought; and the weights that are taken away again. */
export async function placeJob(
  access: SiteAccess,
  root: string,
  job: EvaluateJob,
  task: Task,
): Promise<{ job: EvaluateJob; weights: string[] }> {
  const known = new Map<string, Promise<string>>();
  const once = (file: string, how: (file: string) => Promise<string>): Promise<string> => {
    const found = known.get(file) ?? how(file);
    known.set(file, found);
    return found;
  };
  const input = (file: string) => once(file, (one) => bringInput(access, one, task));
  const weights = (folder: string) => once(folder, (one) => placeWeights(access, root, one, task));
  const { adapterPath, referencePath, rewardModelPath, old } = job;
  // Bases stay for the next checkpoint; what changes with each is taken away again.
  const isBase = adapterPath !== undefined;
  const own = isBase ? adapterPath : job.modelPath;
  const ownThere = await weights(own);
  const there: EvaluateJob = {
    ...job,
    modelPath: isBase ? await input(job.modelPath) : ownThere,
    ...(isBase ? { adapterPath: ownThere } : {}),
    ...(referencePath === undefined ? {} : { referencePath: await input(referencePath) }),
    ...(rewardModelPath === undefined ? {} : { rewardModelPath: await input(rewardModelPath) }),
    ...(old === undefined ? {} : { old: { ...old, ...(await placeOfOld(old, input)) } }),
    suites: [],
  };
  for (const suite of job.suites) there.suites.push({ ...suite, itemsPath: await input(suite.itemsPath) });
  return { job: there, weights: [ownThere] };
}

async function placeOfOld(old: NonNullable<EvaluateJob['old']>, input: (file: string) => Promise<string>) {
  const { path, adapterPath } = old;
  return {
    path: await input(path),
    ...(adapterPath === undefined ? {} : { adapterPath: await input(adapterPath) }),
  };
}

/**
 * Weights that one workspace has evaluated at a site, and takes away again afterwards: their trainer may delete them while the job waits.
 * Where the site sees the very files they are linked, which costs nothing; else they are sent. Answers where they are there.
 */
async function placeWeights(access: SiteAccess, root: string, folder: string, task: Task): Promise<string> {
  const { site, transfer } = access;
  const name = `${hash('sha256', root, 'hex').slice(0, 8)}-${await identityOf(folder)}`;
  const target = siteFolders(site).weights(name);
  const phase = `bringing ${path.basename(folder)} to ${site.name}`;
  task.progress(phase, 0);
  const { signal } = task;
  if (await linkThere(access, folder, target, signal)) return target;
  await transfer.push(folder, target, { signal, onProgress: (fraction) => task.progress(phase, fraction) });
  return target;
}

/** Removes what was placed. A job that still reads it keeps the files that it has open. */
export async function removeWeights({ site, shell }: SiteAccess, targets: readonly string[]): Promise<void> {
  const above = path.posix.dirname(siteFolders(site).weights('x'));
  const own = targets.filter((target) => path.posix.dirname(target) === above);
  if (own.length > 0) await shell.run(`rm -rf ${own.map(quote).join(' ')}`);
}

/** False where the site does not see these files under the same path, or cannot link them. */
async function linkThere({ shell }: SiteAccess, folder: string, target: string, signal: AbortSignal): Promise<boolean> {
  const names = (await readdir(folder)).sort();
  const facts: string[] = [];
  for (const name of names) {
    const found = await stat(path.join(folder, name));
    // What is in folders of its own is sent.
    if (!found.isFile()) return false;
    facts.push(`${name} ${found.size} ${Math.floor(found.mtimeMs / 1000)}`);
  }
  if (names.length === 0) return false;
  const files = names.map((name) => quote(`./${name}`)).join(' ');
  const draft = quote(`${target}.links`);
  const seen = facts.map((fact) => `./${fact}`).join('\n');
  const { status } = await shell.run(
    `cd ${quote(folder)} 2>/dev/null || exit 3
[ "$(stat -L -c '%n %s %Y' -- ${files} 2>/dev/null)" = ${quote(seen)} ] || exit 3
[ ! -e ${quote(target)} ] || exit 3
rm -rf ${draft}; mkdir -p ${draft} || exit 3
if cp -lL -- ${files} ${draft}/ 2>/dev/null; then mv -T ${draft} ${quote(target)}; else rm -rf ${draft}; exit 3; fi`,
    { signal },
  );
  return status === 0;
}
