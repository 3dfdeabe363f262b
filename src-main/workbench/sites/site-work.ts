import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { SeenJob } from '../../shared/domain/sites.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import type { Mirror } from './mirror.ts';

export type LastWord = Extract<TrainerEvent, { type: 'finished' | 'failed' }>;

/** What a job at a site does for somebody here (a run, an evaluation): a folder there, whose events are copied. */
export interface SiteWork {
  readonly id: string;
  /** At the site. */
  readonly folder: string;
  readonly jobId: string;
  readonly mirror: Mirror;
  /** How its newest attempt ended, as far as its events were copied. */
  readonly lastWord: LastWord | null;
  /** Events that came after those that were copied. */
  take(events: readonly TrainerEvent[]): Promise<void>;
  /** How far it is; null once it was removed here. */
  step(): Promise<number | null>;
  /** It continues, or will; `null` leaves its state to its events. `isUnderWay`: its newest attempt has not ended. */
  goesOn(status: RunStatus | null, isUnderWay: boolean): Promise<void>;
  over(status: RunStatus, error: ErrorReport | null): Promise<void>;
  /** Called when people would be told something else of its job. */
  told(job: SeenJob): Promise<void>;
  /** Nobody follows it here any more. */
  release(): Promise<void>;
}

/** A new start takes an earlier end back. */
export function lastWordAfter(before: LastWord | null, event: TrainerEvent): LastWord | null {
  if (event.type === 'finished' || event.type === 'failed') return event;
  return event.type === 'started' ? null : before;
}
