import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { Core } from '../core.ts';

/**
 * Puts a run into a state by the table of transitions. A job that was put back into the queue goes from running to queued, which no
 * run of this machine does: to the table it was interrupted and resumed.
 */
export async function moveAnyhow(
  { store }: Pick<Core, 'store'>,
  runId: string,
  status: RunStatus,
  error: ErrorReport | null,
): Promise<RunRecord> {
  const direct = await store.moveRun(runId, status, error);
  if (direct.moved || direct.run.status === status) return direct.run;
  await store.moveRun(runId, 'interrupted', null);
  if (status !== 'queued' && status !== 'finished' && status !== 'failed') await store.moveRun(runId, 'queued', null);
  return (await store.moveRun(runId, status, error)).run;
}
