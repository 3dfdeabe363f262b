import { copyFile, mkdir, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type HubName, isCommit, type RepositoryKind } from './hub-name.ts';

/** The cache that all tools of the Hub share: `blobs` by digest, `snapshots` of links to them by commit, `refs` by name. */
export function repositoryFolder(
  cacheFolder: string,
  { kind, repository }: Pick<HubName, 'kind' | 'repository'>,
): string {
  return path.join(cacheFolder, `${kind}s--${repository.replaceAll('/', '--')}`);
}

export function snapshotFolder(cacheFolder: string, name: HubName, commit: string): string {
  return path.join(repositoryFolder(cacheFolder, name), 'snapshots', commit);
}

/** The commit that a name stands for in the cache, without asking anybody; null where it is not there. */
export async function cachedCommit(cacheFolder: string, name: HubName): Promise<string | null> {
  const folder = repositoryFolder(cacheFolder, name);
  const commit = isCommit(name.revision)
    ? name.revision
    : (await readFile(path.join(folder, 'refs', ...name.revision.split('/')), 'utf8').catch(() => '')).trim();
  return isCommit(commit) && (await isThere(path.join(folder, 'snapshots', commit))) ? commit : null;
}

/** Notes what commit a branch or a tag stood for. */
export async function writeRef(cacheFolder: string, name: HubName, commit: string): Promise<void> {
  if (isCommit(name.revision)) return;
  const file = path.join(repositoryFolder(cacheFolder, name), 'refs', ...name.revision.split('/'));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(`${file}.${process.pid}.tmp`, commit);
  await rename(`${file}.${process.pid}.tmp`, file);
}

/** Lets a snapshot's file point to its blob; where links are not allowed (Windows without the right), it is a copy. */
export async function linkIntoSnapshot(blob: string, file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  if (await isThere(file)) return;
  await rm(file, { force: true });
  try {
    await symlink(path.relative(path.dirname(file), blob), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    await copyFile(blob, file);
  }
}

export interface CachedModel {
  repository: string;
  commit: string;
  folder: string;
}

/** Models whose files are all here: one for each repository, at the commit its `main` stands for, else its newest. */
export async function cachedModels(cacheFolder: string): Promise<CachedModel[]> {
  const prefix: `${RepositoryKind}s--` = 'models--';
  const folders = (await readdir(cacheFolder).catch(() => [])).filter((folder) => folder.startsWith(prefix));
  const found = await Promise.all(
    folders.map(async (folder) => {
      const repository = folder.slice(prefix.length).replace('--', '/');
      const commit = await newestCommit(cacheFolder, { kind: 'model', repository, revision: 'main' });
      if (commit === null) return null;
      const snapshot = path.join(cacheFolder, folder, 'snapshots', commit);
      const names = await readdir(snapshot).catch((): string[] => []);
      const whole = names.includes('config.json') && names.some((name) => name.endsWith('.safetensors'));
      return whole ? { repository, commit, folder: snapshot } : null;
    }),
  );
  return found.filter((model) => model !== null).sort((a, b) => a.repository.localeCompare(b.repository));
}

async function newestCommit(cacheFolder: string, name: HubName): Promise<string | null> {
  const main = await cachedCommit(cacheFolder, name);
  if (main !== null) return main;
  const folder = path.join(repositoryFolder(cacheFolder, name), 'snapshots');
  const commits = (await readdir(folder).catch(() => [])).filter(isCommit);
  const dated = await Promise.all(
    commits.map(async (commit) => ({ commit, changedMs: (await stat(path.join(folder, commit))).mtimeMs })),
  );
  return dated.sort((a, b) => b.changedMs - a.changedMs)[0]?.commit ?? null;
}

/** Whether there is something at the end of a path, links followed. */
export async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
