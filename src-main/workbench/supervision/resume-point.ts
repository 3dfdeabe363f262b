import { newestWhole } from '../../trainer/checkpoint-folder.ts';
import type { ResumePoint } from '../../trainer/checkpoint-folder.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';

/** Where a run of this machine can continue, by what the store has of its checkpoints. */
export async function resumePoint(core: Core, run: { id: string; folder: string }): Promise<ResumePoint> {
  const recorded = new Map((await core.store.listCheckpoints(run.id)).map(({ step, sha256 }) => [step, sha256]));
  return newestWhole(runFolder(core.layout, run).path, recorded);
}
