import type { ErrorReport } from '../shared/domain/errors.ts';
import { reportOf } from '../shared/domain/errors.ts';
import type { TrainerJob } from '../shared/domain/jobs.ts';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import { countOomKills, deathReport } from './death.ts';
import { parseReport } from './messages.ts';
import type { TrainerCommand } from './messages.ts';

/** One trainer process, whatever started it. The Node and the Electron flavour differ in nothing else. */
export interface TrainerChild {
  readonly pid: number | undefined;
  /** Does nothing once the child is gone. */
  send(command: TrainerCommand): void;
  /** At once, without a word (SIGKILL). */
  kill(): void;
  onReport(listener: (report: unknown) => void): void;
  /** Called once, after the last report. */
  onExit(listener: (exit: TrainerExit) => void): void;
  /** The last lines it wrote to stderr. */
  stderrTail(): string;
}
export interface TrainerExit {
  code: number | null;
  signal: string | null;
}
export type TrainerLauncher = () => TrainerChild;

/** How a job ended: by its own word (`finished`, `failed`), or without one (`died`). */
export type TrainerEnd =
  | { kind: 'finished'; outcome: 'completed' | 'stopped'; step: number }
  | { kind: 'failed'; error: ErrorReport }
  | { kind: 'died'; error: ErrorReport };

export interface TrainerSession {
  readonly pid: number | undefined;
  /** Resolves when the process is gone and every event it sent has been taken. Never rejects. */
  readonly ended: Promise<TrainerEnd>;
  /** Lets the step at hand end; a run writes a checkpoint. */
  stop(): void;
  pause(): void;
  resume(): void;
  setGuardWeight(weight: number): void;
  kill(): void;
}

/** A child that has said its last word and does not leave is ended after this long. */
const leaveWithinMs = 15_000;

/**
 * Starts a child for one job and takes its events in order, one report at a time. An evaluation batch is paid back with a
 * credit once `onEvents` has resolved, so the child never runs further ahead of the disk than its credit allows. When
 * `onEvents` rejects, nobody keeps what the child produces, and it is ended.
 */
export function superviseTrainer(
  launch: TrainerLauncher,
  job: TrainerJob,
  onEvents: (events: TrainerEvent[]) => Promise<void>,
): TrainerSession {
  const oomKillsBefore = countOomKills();
  const child = launch();
  let lastWord: TrainerEnd | null = null;
  let hostError: ErrorReport | null = null;
  let leaving: NodeJS.Timeout | undefined;
  let taken = Promise.resolve();

  async function take(report: unknown): Promise<void> {
    const { events } = parseReport(report);
    await onEvents(events);
    const batches = events.filter((event) => event.type === 'evaluation-batch').length;
    if (batches > 0) child.send({ type: 'credit', batches });
    const word = lastWordOf(events);
    if (word === null) return;
    lastWord = word;
    leaving = setTimeout(() => child.kill(), leaveWithinMs);
  }

  child.onReport((report) => {
    taken = taken.then(async () => {
      if (hostError !== null) return;
      try {
        await take(report);
      } catch (error) {
        hostError = reportOf(error);
        child.kill();
      }
    });
  });
  function deathOf(exit: TrainerExit): ErrorReport {
    const oomKilled = oomKillsBefore !== null && (countOomKills() ?? 0) > oomKillsBefore;
    return deathReport(exit, { stderr: child.stderrTail(), job, oomKilled });
  }

  const ended = new Promise<TrainerEnd>((resolve) => {
    child.onExit((exit) => {
      void taken.then(() => {
        clearTimeout(leaving);
        if (hostError !== null) resolve({ kind: 'died', error: hostError });
        else resolve(lastWord ?? { kind: 'died', error: deathOf(exit) });
      });
    });
  });
  child.send({ type: 'job', job });
  return {
    pid: child.pid,
    ended,
    stop: () => child.send({ type: 'stop' }),
    pause: () => child.send({ type: 'pause' }),
    resume: () => child.send({ type: 'resume' }),
    setGuardWeight: (weight) => child.send({ type: 'set-guard-weight', weight }),
    kill: () => child.kill(),
  };
}

function lastWordOf(events: readonly TrainerEvent[]): TrainerEnd | null {
  for (const event of events) {
    if (event.type === 'finished') return { kind: 'finished', outcome: event.outcome, step: event.step };
    if (event.type === 'failed') return { kind: 'failed', error: event.error };
  }
  return null;
}
