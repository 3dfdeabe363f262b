import type { RunStatus } from './jobs.ts';

/** States that a run stays in until somebody resumes it. */
export const endStates = ['finished', 'stopped', 'failed', 'interrupted'] as const satisfies readonly RunStatus[];
/** States of a run that somebody looks after. `stopping` is a running one that was asked to stop. */
export const liveStates = [
  'queued',
  'starting',
  'running',
  'paused',
  'stopping',
] as const satisfies readonly RunStatus[];

export function hasEnded(status: RunStatus): boolean {
  return endStates.some((end) => end === status);
}

/**
 * From which states a run may come into a state; every change of a run's state goes through this table (`UPDATE … WHERE status IN`).
 * So a wish that arrives late changes nothing: what has ended stays ended, and what was asked to stop is not shown as running again.
 */
export const runTransitions: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  // Launched runs begin here; the others are resumed.
  queued: ['stopped', 'failed', 'interrupted'],
  starting: ['queued'],
  // A trainer that outlived its program keeps telling, and its run was noted as interrupted meanwhile.
  running: ['queued', 'starting', 'paused', 'interrupted'],
  paused: ['running'],
  stopping: ['starting', 'running', 'paused'],
  finished: [...liveStates, 'interrupted'],
  stopped: [...liveStates, 'interrupted'],
  failed: [...liveStates, 'interrupted'],
  // `stopped` may have been the decision of a trainer whose program was gone.
  interrupted: [...liveStates, 'stopped'],
};
