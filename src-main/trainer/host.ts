import type { ErrorReport } from '../shared/domain/errors.ts';
import { reportOf } from '../shared/domain/errors.ts';
import type { TrainerJob } from '../shared/domain/jobs.ts';
import type { Question } from '../shared/domain/serving.ts';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import { countOomKills, deathReport } from './death.ts';
import { parseReport, savingPhase } from './messages.ts';
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
  /** `by`: the host, which could not take what it said, or a stop that it did not follow; else something from outside. */
  | { kind: 'died'; by: 'host' | 'stop' | 'itself'; error: ErrorReport };

export interface TrainerSession {
  readonly pid: number | undefined;
  /** Resolves when the process is gone and every event it sent has been taken. Never rejects. */
  readonly ended: Promise<TrainerEnd>;
  /**
   * Lets the step at hand end; a run writes a checkpoint. Always ends: a child that has not left `stopWithinMs` after the first
   * wish is killed, one that is writing its checkpoint by then, `saveWithinMs` after it.
   */
  stop(): void;
  pause(): void;
  resume(): void;
  setGuardWeight(weight: number): void;
  /** Of a job that serves. */
  ask(id: number, question: Question): void;
  forget(id: number): void;
  kill(): void;
}

export interface TrainerLimits {
  stopWithinMs: number;
  saveWithinMs: number;
  /** A child that has said its last word and does not leave is ended after this long. */
  leaveWithinMs: number;
}
const usualLimits: TrainerLimits = { stopWithinMs: 10_000, saveWithinMs: 60_000, leaveWithinMs: 15_000 };

/**
 * Starts a child for one job and takes its events in order, one report at a time. An evaluation batch is paid back with a
 * credit once `onEvents` has resolved, so the child never runs further ahead of the disk than its credit allows. When
 * `onEvents` rejects, nobody keeps what the child produces, and it is ended.
 */
export function superviseTrainer(
  launch: TrainerLauncher,
  job: TrainerJob,
  onEvents: (events: TrainerEvent[]) => Promise<void>,
  limits: TrainerLimits = usualLimits,
): TrainerSession {
  const oomKillsBefore = countOomKills();
  const child = launch();
  let lastWord: TrainerEnd | null = null;
  let hostError: ErrorReport | null = null;
  let leaving: NodeJS.Timeout | undefined;
  let stopping: NodeJS.Timeout | null = null;
  let saving = false;
  let overdue = false;
  let taken = Promise.resolve();

  async function take(report: unknown): Promise<void> {
    const { events } = parseReport(report);
    for (const event of events) saving = isSaving(event) ?? saving;
    await onEvents(events);
    const batches = events.filter((event) => event.type === 'evaluation-batch').length;
    if (batches > 0) child.send({ type: 'credit', batches });
    const word = lastWordOf(events);
    if (word === null) return;
    lastWord = word;
    leaving = setTimeout(() => child.kill(), limits.leaveWithinMs);
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
  function stop(): void {
    child.send({ type: 'stop' });
    stopping ??= setTimeout(() => {
      if (saving) stopping = setTimeout(giveUp, limits.saveWithinMs - limits.stopWithinMs);
      else giveUp();
    }, limits.stopWithinMs);
  }
  function giveUp(): void {
    overdue = true;
    child.kill();
  }

  function endOf(exit: TrainerExit): TrainerEnd {
    if (hostError !== null) return { kind: 'died', by: 'host', error: hostError };
    if (lastWord !== null) return lastWord;
    return overdue
      ? { kind: 'died', by: 'stop', error: overdueReport(job) }
      : { kind: 'died', by: 'itself', error: deathOf(exit) };
  }

  function deathOf(exit: TrainerExit): ErrorReport {
    const oomKilled = oomKillsBefore !== null && (countOomKills() ?? 0) > oomKillsBefore;
    return deathReport(exit, { stderr: child.stderrTail(), job, oomKilled });
  }

  const exited = new Promise<TrainerExit>((resolve) => child.onExit(resolve));
  async function end(): Promise<TrainerEnd> {
    const exit = await exited;
    if (stopping !== null) clearTimeout(stopping);
    // What it sent before it left is still being taken; a failure to take it is kept in `hostError`.
    await taken;
    clearTimeout(leaving);
    return endOf(exit);
  }
  const ended = end();
  child.send({ type: 'job', job });
  return {
    pid: child.pid,
    ended,
    stop,
    pause: () => child.send({ type: 'pause' }),
    resume: () => child.send({ type: 'resume' }),
    setGuardWeight: (weight) => child.send({ type: 'set-guard-weight', weight }),
    ask: (id, question) => child.send({ type: 'ask', id, question }),
    forget: (id) => child.send({ type: 'forget', id }),
    kill: () => child.kill(),
  };
}

/** Whether the child writes a checkpoint now; null where the event says nothing about it. */
function isSaving(event: TrainerEvent): boolean | null {
  if (event.type === 'checkpoint') return false;
  return event.type === 'progress' ? event.phase === savingPhase : null;
}

function overdueReport(job: TrainerJob): ErrorReport {
  const rest = 'It was in a long step, or in a rule of a suite that never comes to an end.';
  return {
    code: 'cancelled',
    message: `The trainer did not stop in time and was ended. ${rest}`,
    ...(job.kind === 'train'
      ? { remedy: 'Steps after the last checkpoint are trained again when the run is resumed.' }
      : {}),
  };
}

function lastWordOf(events: readonly TrainerEvent[]): TrainerEnd | null {
  for (const event of events) {
    if (event.type === 'finished') return { kind: 'finished', outcome: event.outcome, step: event.step };
    if (event.type === 'failed') return { kind: 'failed', error: event.error };
  }
  return null;
}
