import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { WorkspaceLayout } from './workspace-layout.ts';

const keptMs = 7 * 24 * 3600 * 1000;

/**
 * Removes uploads and exports of more than a week ago: an upload has been imported or forgotten by then, and an export has
 * been downloaded.
 */
export async function tidyWorkspace(layout: WorkspaceLayout, nowMs: number = Date.now()): Promise<void> {
  for (const folder of [layout.uploads, layout.exports]) {
    for (const name of await readdir(folder)) {
      const entry = path.join(folder, name);
      const found = await stat(entry).catch(() => null);
      if (found !== null && nowMs - found.mtimeMs > keptMs) await rm(entry, { recursive: true, force: true });
    }
  }
}
