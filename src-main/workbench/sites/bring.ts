import { access, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { openShell } from '../../sites/shell.ts';
import { openTransfer } from '../../sites/transfer.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { Task } from '../supervision/task.ts';
import { readRunNote } from './run-note.ts';
import { createSiteRegistry } from './registry.ts';
import type { SiteAccess } from './submit.ts';

/** What a resume needs and nothing else does; it is twice the size of the weights. */
const optimizerFile = 'optimizer.safetensors';

/**
 * Brings a checkpoint of a run at a site into the run's folder here. What was brought before a cancel stays and is not brought
 * again; the folder has its name only when it is whole.
 */
export async function bringCheckpoint(
  core: Core,
  { site, transfer }: SiteAccess,
  run: RunRecord,
  step: number,
  withOptimizer: boolean,
  task: Task,
): Promise<void> {
  const note = await readRunNote(core.layout, run);
  const found = (await core.store.listCheckpoints(run.id)).find((checkpoint) => checkpoint.step === step);
  if (note === null || found === undefined) {
    throw new WorkbenchError('not-found', `Run “${run.name}” has no checkpoint at step ${step} at a site.`);
  }
  const target = path.join(runFolder(core.layout, run).path, 'checkpoints', String(step));
  const isWhole = await exists(withOptimizer ? path.join(target, optimizerFile) : target);
  if (isWhole) return;
  // Named by its content: a checkpoint of the same step that a resumed run wrote again is not mixed with the old one.
  const draft = `${target}.partial-${found.sha256.slice(0, 16)}`;
  const phase = `bringing ${run.name}@${step} from ${site.name}`;
  task.progress(phase, 0);
  await transfer.pull(`${note.folder}/checkpoints/${step}`, draft, {
    signal: task.signal,
    onProgress: (fraction) => task.progress(phase, fraction),
    exclude: withOptimizer ? [] : [optimizerFile],
  });
  await rm(target, { recursive: true, force: true });
  await rename(draft, target);
}

/** Weights are brought when they are wanted, without what only a resume needs. Nothing happens for a run of this machine. */
export async function bringIfElsewhere(core: Core, run: RunRecord, step: number, task: Task): Promise<void> {
  const note = await readRunNote(core.layout, run);
  if (note === null) return;
  const site = await createSiteRegistry(core.layout.root).find(note.site);
  const shell = openShell(site);
  await bringCheckpoint(core, { site, shell, transfer: openTransfer(shell) }, run, step, false, task);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
