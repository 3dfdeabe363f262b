import { cp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { trainingFiles } from '../../trainer/checkpoint-folder.ts';
import type { Core } from '../core.ts';
import { findByName } from './names.ts';
import { inside } from './inside.ts';
import type { Task } from '../supervision/task.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';

/** A dataset's canonical rows as NDJSON. */
export async function exportDataset(core: Core, name: string, out: string): Promise<{ path: string; rows: number }> {
  const dataset = findByName('dataset', await core.store.listDatasets(), name);
  const { rows } = await core.store.exportDatasetRows(dataset.id, out);
  return { path: out, rows };
}

/**
 * A checkpoint as a Hugging Face folder with whole weights (an adapter is merged into its base), or an adapter as it is, in
 * PEFT's layout.
 */
export async function exportWeights(
  core: Core,
  what: 'adapter' | 'checkpoint',
  name: string,
  out: string,
  task: Task,
): Promise<{ path: string }> {
  const folder =
    what === 'adapter'
      ? await adapterFolder(core, name)
      : await weightsFolder(core, await findWeights(core, name), task);
  if (await isThere(out)) {
    throw new WorkbenchError('conflict', `${out} is there already.`, { remedy: 'Name a folder that does not exist.' });
  }
  const draft = `${out}.${process.pid}.tmp`;
  try {
    await cp(folder, draft, { recursive: true, filter: (file) => !isTrainingState(file) });
    await rename(draft, out);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    throw new WorkbenchError('io', `${out} could not be written.`, { place: { file: out }, cause });
  }
  return { path: out };
}

async function adapterFolder(core: Core, name: string): Promise<string> {
  const weights = await findWeights(core, name);
  if (weights.kind === 'checkpoint' && weights.checkpoint.kind === 'adapter') {
    return inside(core.layout.root, weights.checkpoint.path);
  }
  throw new WorkbenchError('bad-input', `${weights.label} is no adapter: it holds whole weights.`, {
    remedy: 'Export it with: flipguard export checkpoint.',
  });
}

function isTrainingState(file: string): boolean {
  return trainingFiles.includes(path.basename(file));
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
