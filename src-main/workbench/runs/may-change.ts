import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { trainerName } from '../../shared/domain/run-origin.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';

/** What trains elsewhere is stopped and resumed there. */
export function requireOwn({ name, origin }: RunRecord): void {
  if (origin === undefined || origin === null) return;
  throw new WorkbenchError('unsupported', `“${name}” is trained by ${trainerName(origin)}, not by this workspace.`, {
    remedy: `Stop it and continue with it there; flipguard watch ${origin.folder} follows it.`,
  });
}

export function requireResumable(run: RunRecord, inHand: boolean): void {
  if (inHand || !hasEnded(run.status)) throw new WorkbenchError('conflict', `“${run.name}” is ${run.status} already.`);
  if (run.status !== 'finished') return;
  throw new WorkbenchError('conflict', `“${run.name}” is finished.`, {
    remedy: 'Relaunch it with more steps, or start a new run from its last checkpoint.',
  });
}
