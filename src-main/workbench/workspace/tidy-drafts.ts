import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { removeLeftDrafts } from '../../system/drafts.ts';
import type { WorkspaceLayout } from './workspace-layout.ts';

/**
 * Removes what killed programs left half-written in the folders that all runs share. A draft says which process wrote it; one that
 * a living process or another machine writes is left alone. A run's own folder is tidied by whoever takes the run over.
 */
export async function tidyDrafts({ root, locks, models, cache }: WorkspaceLayout): Promise<void> {
  const caches = (await readdir(cache, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const folders = [root, locks, models, ...caches.map(({ name }) => path.join(cache, name))];
  await Promise.all(folders.map(removeLeftDrafts));
}
