import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Files that are started on their own: the worker threads of the store, of the statistics and of reading rows, the child processes of the trainer, of imports and of trying a backend. */
export type Entry = 'store-worker' | 'import-reader' | 'statistics-worker' | 'row-reader' | 'trainer' | 'backend-probe';

const sources: Record<Entry, string> = {
  'store-worker': './store/worker.ts',
  'import-reader': './imports/reading/child.ts',
  'statistics-worker': './workbench/statistics/worker.ts',
  'row-reader': './trainer/reading/worker.ts',
  trainer: './trainer/entry.ts',
  'backend-probe': './backends/probe.ts',
};

/**
 * Absolute path of an entry: the TypeScript source while the program runs from its sources (Node strips the types), else the
 * built file of that name next to the bundle. Bundlers may put this module into a `chunks` folder, one level down.
 */
export function entryPath(entry: Entry, here: string = import.meta.url): string {
  if (here.endsWith('.ts')) return fileURLToPath(new URL(sources[entry], here));
  const folder = dirname(fileURLToPath(here));
  const outside = basename(folder) === 'chunks' ? dirname(folder) : folder;
  return (
    [`${entry}.js`, `${entry}.cjs`].map((name) => join(outside, name)).find(existsSync) ?? join(outside, `${entry}.js`)
  );
}

/**
 * Absolute path of the script by which set-up runs in a process of its own. It is JavaScript next to the sources and to the bundle; in a
 * package outside the archive, since it reads what is around it.
 */
export function setUpScript(here: string = import.meta.url): string {
  const script = join('build', 'setup', 'in-window.mjs');
  const folder = dirname(fileURLToPath(here));
  if (here.endsWith('.ts')) return join(folder, '..', script);
  const outside = basename(folder) === 'chunks' ? dirname(folder) : folder;
  return join(outside, '..', '..', script).replace(/app\.asar(?=[\\/])/, 'app.asar.unpacked');
}
