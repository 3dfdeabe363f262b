import { copyFile, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type HubName, isCommit } from './hub-name.ts';
import { makeFolder } from '../../system/folders.ts';

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

const beginningOfCommit = /^[0-9a-f]{7,39}$/;

/** The commit that a name stands for in the cache, without asking anybody; null where it is not there. */
export async function cachedCommit(cacheFolder: string, name: HubName): Promise<string | null> {
  const folder = repositoryFolder(cacheFolder, name);
  if (isCommit(name.revision))
    return (await isThere(path.join(folder, 'snapshots', name.revision))) ? name.revision : null;
  const commit = (
    await readFile(path.join(folder, 'refs', ...name.revision.split('/')), 'utf8').catch(() => '')
  ).trim();
  if (isCommit(commit) && (await isThere(path.join(folder, 'snapshots', commit)))) return commit;
  if (!beginningOfCommit.test(name.revision)) return null;
  const begun = (await cachedCommits(cacheFolder, name)).filter((known) => known.startsWith(name.revision));
  return begun.length === 1 ? (begun[0] ?? null) : null;
}

/** Every commit of a repository that the cache has files of. */
export async function cachedCommits(cacheFolder: string, name: HubName): Promise<string[]> {
  const names = await readdir(path.join(repositoryFolder(cacheFolder, name), 'snapshots')).catch((): string[] => []);
  return names.filter(isCommit).sort();
}

/** Notes what commit a branch or a tag stood for. */
export async function writeRef(cacheFolder: string, name: HubName, commit: string): Promise<void> {
  if (isCommit(name.revision)) return;
  const file = path.join(repositoryFolder(cacheFolder, name), 'refs', ...name.revision.split('/'));
  await makeFolder(path.dirname(file));
  await writeFile(`${file}.${process.pid}.tmp`, commit);
  await rename(`${file}.${process.pid}.tmp`, file);
}

/** Lets a snapshot's file point to its blob; where links are not allowed (Windows without the right), it is a copy. */
export async function linkIntoSnapshot(blob: string, file: string): Promise<void> {
  await makeFolder(path.dirname(file));
  if (await isThere(file)) return;
  await rm(file, { force: true });
  try {
    await symlink(path.relative(path.dirname(file), blob), file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    await copyFile(blob, file);
  }
}

/** Whether a blob has the size that the Hub names: another tool's crash, or a full disk, may have left less of it. */
export async function hasBlob(blob: string, sizeBytes: number): Promise<boolean> {
  return stat(blob).then(
    ({ size }) => size === sizeBytes,
    () => false,
  );
}

/** Whether there is something at the end of a path, links followed. */
export async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
