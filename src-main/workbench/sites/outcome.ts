import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import type { AttemptEnd } from '../../sites/poll.ts';
import { isOver, sentenceOf, slurmState } from '../../sites/slurm-words.ts';
import type { JobSight } from '../../sites/slurm-words.ts';

/** What is known of a run at a site when it is judged. */
export interface Evidence {
  /** The last word in the events file: how the newest attempt ended, null while it has not. */
  lastWord: Extract<TrainerEvent, { type: 'finished' | 'failed' }> | null;
  /** What Slurm says; null when it does not know the job. */
  sight: JobSight | null;
  /** How long Slurm has not known it, or has called it over. */
  overForMs: number;
  ends: readonly AttemptEnd[];
  stopAsked: boolean;
  step: number;
  site: string;
  jobId: string;
  /** The last lines of the job's log. */
  logTail: string;
}

export type Verdict =
  /** It continues, or will: its state in the list. `null` leaves that to its events. */
  { kind: 'goes-on'; status: RunStatus | null } | { kind: 'over'; status: RunStatus; error: ErrorReport | null };

export interface Patience {
  /** A network file system may show the last events late. */
  settleMs: number;
  /** A job that was put back can be out of sight for a while. */
  absentMs: number;
}

/** The run’s folder is the truth; Slurm’s word is evidence for what the folder does not say. */
export function judge(evidence: Evidence, patience: Patience): Verdict {
  const { lastWord, sight, stopAsked } = evidence;
  if (lastWord?.type === 'failed') return { kind: 'over', status: 'failed', error: lastWord.error };
  if (lastWord?.type === 'finished' && lastWord.outcome === 'completed') {
    return { kind: 'over', status: 'finished', error: null };
  }
  if (lastWord?.type === 'finished' && stopAsked) return { kind: 'over', status: 'stopped', error: null };
  if (sight === null) {
    if (evidence.overForMs < patience.absentMs) return { kind: 'goes-on', status: lastWord === null ? null : 'queued' };
    return over(
      'interrupted',
      `Slurm at “${evidence.site}” no longer knows job ${evidence.jobId}, and the run’s folder says no end.`,
    );
  }
  const state = slurmState(sight.state);
  if (!isOver(state)) return { kind: 'goes-on', status: statusWhile(state, lastWord !== null) };
  if (evidence.overForMs < patience.settleMs) return { kind: 'goes-on', status: null };
  if (stopAsked) return { kind: 'over', status: 'stopped', error: null };
  return ended(evidence, sight);
}

function statusWhile(state: ReturnType<typeof slurmState>, attemptOver: boolean): RunStatus | null {
  if (state === 'waiting' || state === 'preempted' || state === 'held') return 'queued';
  if (state === 'paused') return 'paused';
  // Its first event makes it `running`; until then the job is there and the trainer is not.
  return attemptOver ? 'starting' : null;
}

/** Slurm says that the job is over, and the folder does not. */
function ended(evidence: Evidence, sight: JobSight): Verdict {
  const { step, jobId, site } = evidence;
  const at = step > 0 ? ` It was at step ${step}.` : '';
  switch (slurmState(sight.state)) {
    case 'out-of-time':
      return over('interrupted', `Job ${jobId} at “${site}” ran out of time.${at}`);
    case 'node-failed':
      return over('interrupted', `${sentenceOf(sight)} Job ${jobId} at “${site}”.${at}`);
    case 'out-of-memory':
      return {
        kind: 'over',
        status: 'failed',
        error: {
          code: 'out-of-memory',
          message: `Slurm ended job ${jobId} at “${site}” for its memory.${at}`,
          remedy: 'Give the site more memory per node, lower batch.size or batch.maxLength, or train a LoRA.',
        },
      };
    case 'cancelled':
      return { kind: 'over', status: 'stopped', error: null };
    case 'completed':
      if (evidence.lastWord?.type === 'finished') {
        return over(
          'interrupted',
          `Job ${jobId} at “${site}” saved before its time was over, and was put back as often as the site allows.${at}`,
        );
      }
      return over('interrupted', `Job ${jobId} at “${site}” ended without a result.${at}${hint(evidence)}`);
    default:
      return {
        kind: 'over',
        status: 'failed',
        error: {
          code: 'unavailable',
          message: `${sentenceOf(sight)} Job ${jobId} at “${site}”.${at}${hint(evidence)}`,
        },
      };
  }
}

function over(status: RunStatus, message: string): Verdict {
  const remedy = 'flipguard resume continues from the newest checkpoint, at the same site.';
  return { kind: 'over', status, error: { code: 'unavailable', message, remedy } };
}

function hint({ logTail, ends, site }: Evidence): string {
  const last = ends.at(-1);
  if (logTail.trim() !== '') return ` Its log ends: ${logTail.trim().split('\n').slice(-3).join(' · ').slice(0, 600)}`;
  if (last !== undefined) return ` The trainer ended with status ${last.status}.`;
  return ` It wrote nothing: perhaps its node does not see the site’s folder (flipguard site doctor ${site} looks).`;
}
