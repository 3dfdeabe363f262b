import type { SiteJobPhase } from '../shared/domain/sites.ts';

/** Slurm's states and reasons in words. Slurm may add text to a state (“CANCELLED by 1000”, “COMPLETED+”). */

export interface JobSight {
  /** `4711` or `4711_2`. */
  id: string;
  state: string;
  reason: string;
  node: string | null;
  /** ms since epoch; expected for a job that waits. */
  startAt: number | null;
  /** As sacct has it, `0:9` = signal 9. */
  exitCode: string | null;
}

export type SlurmState =
  | 'waiting'
  | 'running'
  | 'paused'
  | 'held'
  | 'completed'
  | 'failed'
  | 'out-of-memory'
  | 'node-failed'
  | 'out-of-time'
  | 'preempted'
  | 'cancelled'
  | 'unknown';

const states: Readonly<Record<string, SlurmState>> = {
  PENDING: 'waiting',
  CONFIGURING: 'waiting',
  REQUEUED: 'waiting',
  REQUEUE_FED: 'waiting',
  RUNNING: 'running',
  COMPLETING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'running',
  RESIZING: 'running',
  STOPPED: 'paused',
  SUSPENDED: 'paused',
  COMPLETED: 'completed',
  FAILED: 'failed',
  LAUNCH_FAILED: 'failed',
  OUT_OF_MEMORY: 'out-of-memory',
  BOOT_FAIL: 'node-failed',
  NODE_FAIL: 'node-failed',
  RECONFIG_FAIL: 'node-failed',
  TIMEOUT: 'out-of-time',
  DEADLINE: 'out-of-time',
  PREEMPTED: 'preempted',
  CANCELLED: 'cancelled',
  REVOKED: 'cancelled',
  REQUEUE_HOLD: 'held',
  SPECIAL_EXIT: 'held',
};

export function slurmState(text: string): SlurmState {
  return states[/^[A-Z_]+/.exec(text)?.[0] ?? ''] ?? 'unknown';
}

/** States after which a job does not run again by itself. */
export function isOver(state: SlurmState): boolean {
  return ['completed', 'failed', 'out-of-memory', 'node-failed', 'out-of-time', 'cancelled'].includes(state);
}

const held = new Set(['JobHeldAdmin', 'JobHeldUser', 'JobHoldMaxRequeue', 'launch_failed_requeued_held']);

export function phaseOf({ state, reason }: Pick<JobSight, 'state' | 'reason'>): SiteJobPhase {
  const known = slurmState(state);
  switch (known) {
    case 'waiting':
      return held.has(reason) ? 'held' : 'waiting';
    case 'preempted':
      return 'waiting';
    case 'running':
    case 'paused':
    case 'held':
    case 'unknown':
      return known;
    default:
      return 'ended';
  }
}

const reasons: Readonly<Record<string, string>> = {
  None: 'Slurm has not looked at it yet',
  Priority: 'other jobs come first',
  Resources: 'no node has enough free',
  BeginTime: 'Slurm lets a job that was put back rest for a while before it starts again',
  Dependency: 'another job has to end first',
  DependencyNeverSatisfied: 'the job it depends on did not end as it has to',
  JobArrayTaskLimit: 'as many tasks of the sweep run as may at once',
  JobHeldAdmin: 'an administrator holds it',
  JobHeldUser: 'it is held; scontrol release lets it go',
  JobHoldMaxRequeue: 'it was put back too often; scontrol release lets it go',
  launch_failed_requeued_held: 'it could not be launched, and is held; scontrol release lets it go',
  Licenses: 'it waits for a licence',
  NodeDown: 'a node that it needs is down',
  PartitionDown: 'the partition is down',
  PartitionInactive: 'the partition takes no jobs now',
  PartitionNodeLimit: 'it asks for more nodes than the partition has or allows',
  PartitionTimeLimit: 'it asks for more time than the partition allows',
  ReqNodeNotAvail: 'a node that it needs is not available, perhaps reserved for maintenance',
  Reservation: 'its reservation has not begun',
  BadConstraints: 'no node can ever give what it asks for',
  InvalidAccount: 'its account is not valid',
  InvalidQOS: 'its QOS is not valid',
  Cleaning: 'its last attempt is being cleaned up',
  AssocGrpCpuLimit: 'the account uses all its processors',
  AssocGrpGRES: 'the account uses all its GPUs',
  AssocMaxJobsLimit: 'you have as many jobs as the account allows',
  QOSMaxJobsPerUserLimit: 'you have as many jobs as the QOS allows at once',
  QOSMaxGRESPerUser: 'you use as many GPUs as the QOS allows',
  QOSMaxCpuPerUserLimit: 'you use as many processors as the QOS allows',
  QOSMaxSubmitJobPerUserLimit: 'you have submitted as many jobs as the QOS allows',
};

/** Why a job waits. What is not known by name is said as Slurm says it. */
export function reasonInWords(reason: string): string {
  const [name = ''] = /^[A-Za-z_]+/.exec(reason) ?? [];
  const known = reasons[name] ?? reasons[reason];
  if (known !== undefined) return known;
  if (/^QOS(Grp|Max)/.test(name)) return `a limit of its QOS is reached (${reason})`;
  if (/^Assoc(Grp|Max)/.test(name)) return `a limit of its account is reached (${reason})`;
  return reason === '' ? 'Slurm gives no reason' : `Slurm says ${reason}`;
}

/** One sentence for people. */
export function sentenceOf(sight: JobSight): string {
  const where = sight.node === null ? '' : ` on ${sight.node}`;
  const state = slurmState(sight.state);
  switch (state) {
    case 'waiting':
      return `Waits: ${reasonInWords(sight.reason)}.`;
    case 'running':
      return `Runs${where}.`;
    case 'paused':
      return `Paused by Slurm${where}.`;
    case 'held':
      return 'Held: it needs a person (scontrol release).';
    case 'completed':
      return `Ended${where}.`;
    case 'failed':
      return `Failed${where}${exitWords(sight)}.`;
    case 'out-of-memory':
      return `Out of memory${where}.`;
    case 'node-failed':
      return `The node failed${sight.node === null ? '' : ` (${sight.node})`}.`;
    case 'out-of-time':
      return 'Out of time.';
    case 'preempted':
      return 'Preempted: it waits to be started again.';
    case 'cancelled': {
      const by = /CANCELLED by (\S+)/.exec(sight.state)?.[1];
      return by === undefined ? 'Cancelled.' : `Cancelled by user ${by}.`;
    }
    case 'unknown':
      return `Slurm says ${sight.state}.`;
  }
}

function exitWords({ exitCode }: JobSight): string {
  const [status, signal] = (exitCode ?? '').split(':').map(Number);
  if (signal !== undefined && signal > 0) return ` by signal ${signal}`;
  return status !== undefined && status > 0 ? ` with status ${status}` : '';
}
