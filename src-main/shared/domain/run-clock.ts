import type { TrainerEventBody } from './trainer-events.ts';

/**
 * How long a run has worked: pauses, and the time between a stop and its resume, do not count. Kept up event by event, by the store
 * for a snapshot and by the window for what comes after it. Times are ms; `at` and `since` since epoch.
 */
export interface RunClock {
  /** Worked up to `since`, or in all while nothing runs. */
  workedMs: number;
  /** Since when it works; null while it is paused or over. */
  since: number | null;
  /** When the run was last heard of: where it died without a word, it worked until then. */
  lastAt: number | null;
  /** The first and the newest step of this start, and what had been worked by then: how fast it goes. */
  firstStep: StepTime | null;
  newestStep: StepTime | null;
}
interface StepTime {
  step: number;
  workedMs: number;
}
interface ClockEvent {
  type: TrainerEventBody['type'];
  at: number;
  /** Of a step. */
  step?: number | null;
}

export const stoppedClock: RunClock = { workedMs: 0, since: null, lastAt: null, firstStep: null, newestStep: null };

/** The clock after an event. */
export function advanced(clock: RunClock, { type, at, step }: ClockEvent): RunClock {
  const heard = { ...clock, lastAt: at };
  switch (type) {
    case 'started':
      // A start after a start: the trainer before it died without a word.
      return { ...heard, workedMs: workedAt(clock, clock.lastAt ?? at), since: at, firstStep: null, newestStep: null };
    case 'resumed':
      return { ...heard, since: clock.since ?? at };
    case 'paused':
    case 'finished':
    case 'failed':
      return { ...heard, workedMs: workedAt(clock, at), since: null };
    case 'step': {
      const time = { step: step ?? 0, workedMs: workedAt(clock, at) };
      return { ...heard, firstStep: clock.firstStep ?? time, newestStep: time };
    }
    default:
      return heard;
  }
}

/** Worked up to a moment. */
export function workedAt({ workedMs, since }: RunClock, at: number): number {
  return workedMs + (since === null ? 0 : Math.max(0, at - since));
}

/** Worked in all, of a run that may have died without a word. */
export function workedInAll(clock: RunClock, isActive: boolean, now: number): number {
  return workedAt(clock, isActive ? now : (clock.lastAt ?? now));
}

/** What is left at the pace of this start, evaluations in between included; null before the second step. */
export function remainingMs(clock: RunClock, totalSteps: number | null, now: number): number | null {
  const { firstStep, newestStep } = clock;
  if (totalSteps === null || firstStep === null || newestStep === null || newestStep.step <= firstStep.step)
    return null;
  const perStep = (newestStep.workedMs - firstStep.workedMs) / (newestStep.step - firstStep.step);
  return Math.max(0, perStep * (totalSteps - newestStep.step) - (workedAt(clock, now) - newestStep.workedMs));
}
