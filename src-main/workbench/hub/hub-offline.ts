import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { snapshotFolder } from './hub-cache.ts';
import type { HubName } from './hub-name.ts';
import type { HubFile, Repository } from './repository.ts';

/** A repository as far as the cache holds it, without asking the Hub. */
export async function cachedRepository(cacheFolder: string, name: HubName, commit: string): Promise<Repository> {
  const folder = snapshotFolder(cacheFolder, name, commit);
  const entries = await readdir(folder, { recursive: true });
  const files = await Promise.all(entries.map((entry) => fileOf(folder, entry)));
  return { name, commit, licence: null, files: files.filter((file) => file !== null), here: true };
}

async function fileOf(folder: string, entry: string): Promise<HubFile | null> {
  const found = await stat(path.join(folder, entry)).catch(() => null);
  if (found === null || !found.isFile()) return null;
  // Digests are checked when a file arrives; nothing arrives here.
  return { path: entry.split(path.sep).join('/'), sizeBytes: found.size, digest: { kind: 'git', hex: '' } };
}
