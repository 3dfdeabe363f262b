import { WorkbenchError } from '../../shared/domain/errors.ts';
import { checkpointSteps, verifyCheckpoint } from '../../trainer/checkpoint-folder.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';

/** Where a run can go on: a checkpoint, or its start. */
export interface ResumePoint {
  step: number | null;
  /** What was wrong with newer checkpoints, in sentences. */
  damages: string[];
}

/**
 * The newest checkpoint that the record knows and that is as it was written. One that the record does not know was never announced:
 * steps or evaluations before it may be missing, so it is trained again. One that is damaged is passed over, by name.
 */
export async function resumePoint(core: Core, run: { id: string; folder: string }): Promise<ResumePoint> {
  const { path: folder } = runFolder(core.layout, run);
  const recorded = new Map((await core.store.listCheckpoints(run.id)).map(({ step, sha256 }) => [step, sha256]));
  const damages: string[] = [];
  for (const step of (await checkpointSteps(folder)).reverse()) {
    const sha256 = recorded.get(step);
    if (sha256 === undefined) continue;
    try {
      await verifyCheckpoint(folder, step, sha256);
      return { step, damages };
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'corrupt') throw error;
      damages.push(error.message);
    }
  }
  return { step: null, damages };
}

/** Where the run goes on, for whoever reads of the damage. */
export function goesOnFrom(step: number | null): string {
  return step === null ? 'The run starts over from step 0.' : `The run goes on from the checkpoint of step ${step}.`;
}
