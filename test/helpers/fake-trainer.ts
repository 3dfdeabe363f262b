import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { TrainJob } from '../../src-main/shared/domain/jobs.ts';
import type { TrainerEvent, TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import type { TrainerChild, TrainerExit, TrainerLauncher } from '../../src-main/trainer/host.ts';
import type { TrainerCommand } from '../../src-main/trainer/messages.ts';

/** A trainer without a model: it keeps a run's events as the real one does, and says what the test lets it say. */
export class FakeTrainer implements TrainerChild {
  readonly pid = undefined;
  job: TrainJob | null = null;
  gone = false;
  /** Hears no stop, as one that is caught in a loop. */
  deaf = false;
  killed = false;
  #report: (report: unknown) => void = () => {};
  #exit: (exit: TrainerExit) => void = () => {};
  #seq = 0;

  send(command: TrainerCommand): void {
    if (this.gone) return;
    if (command.type === 'job' && command.job.kind === 'train') {
      this.job = command.job;
      this.#seq = lastSeqOf(command.job);
    }
    if (command.type === 'stop' && !this.deaf) this.finish('stopped');
  }

  kill(): void {
    this.killed = true;
    this.exit({ code: null, signal: 'SIGKILL' });
  }

  onReport(listener: (report: unknown) => void): void {
    this.#report = listener;
  }

  onExit(listener: (exit: TrainerExit) => void): void {
    this.#exit = listener;
  }

  stderrTail(): string {
    return '';
  }

  /** Into the folder first, then to the host, unless the word is lost on the way. */
  say(body: TrainerEventBody, arrives = true): void {
    if (this.gone || this.job === null) return;
    const event: TrainerEvent = { ...body, seq: ++this.#seq, at: 0 };
    appendFileSync(eventsOf(this.job), `${JSON.stringify(event)}\n`);
    if (arrives) this.#report({ type: 'events', events: [event] });
  }

  start(): void {
    const backend = { name: 'fake', device: 'none', versions: {} };
    this.say({ type: 'started', backend, totalSteps: 9, resumedAtStep: null, parameters: 1, trainable: 1 });
  }

  finish(outcome: 'completed' | 'stopped', arrives = true): void {
    this.say({ type: 'finished', outcome, step: 1 }, arrives);
    this.exit({ code: 0, signal: null });
  }

  exit(exit: TrainerExit): void {
    if (this.gone) return;
    this.gone = true;
    // A process's end is heard later than what it said.
    setImmediate(() => this.#exit(exit));
  }
}

/** A launcher of such trainers, with all that it launched. */
export function fakeTrainers(): { launch: TrainerLauncher; children: FakeTrainer[] } {
  const children: FakeTrainer[] = [];
  const launch = () => {
    const child = new FakeTrainer();
    children.push(child);
    return child;
  };
  return { launch, children };
}

function eventsOf(job: TrainJob): string {
  return path.join(job.runFolder, 'events.ndjson');
}

function lastSeqOf(job: TrainJob): number {
  if (!existsSync(eventsOf(job))) return 0;
  return readFileSync(eventsOf(job), 'utf8').split('\n').length - 1;
}
