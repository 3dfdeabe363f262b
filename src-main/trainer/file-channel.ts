import { readFileSync } from 'node:fs';
import type { TrainerJob } from '../shared/domain/jobs.ts';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import type { ChildChannel } from './child-channel.ts';
import { parseCommand } from './messages.ts';
import type { TrainerCommand } from './messages.ts';

/** What schedulers and their scripts decide by. */
export const exitStatuses = {
  completed: 0,
  failed: 1,
  /** Stopped on request, with a checkpoint: to be started again (EX_TEMPFAIL). */
  stopped: 75,
} as const;

/**
 * A trainer without a host: the job comes from a file, events go to the run's folder alone, SIGTERM and SIGINT ask for a checkpoint
 * and an end. Whoever follows the run reads its folder.
 */
export function openFileChannel(file: string): ChildChannel {
  let status: number = exitStatuses.failed;
  return {
    send({ events }) {
      for (const event of events) {
        status = statusAfter(event) ?? status;
        tell(event);
      }
      return Promise.resolve();
    },
    onCommand(listener) {
      const stop = () => listener({ type: 'stop' });
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
      // Nobody takes evaluation batches over: they are on disk before they are sent.
      listener({ type: 'credit', batches: Number.POSITIVE_INFINITY });
      setImmediate(() => listener(readJob(file)));
    },
    onLost: () => {},
    // Native backends may keep a finished process alive.
    close: () => process.exit(status),
  };
}

function readJob(file: string): TrainerCommand {
  const job = JSON.parse(readFileSync(file, 'utf8')) as TrainerJob;
  return parseCommand({ type: 'job', job });
}

function statusAfter(event: TrainerEvent): number | null {
  if (event.type === 'failed') return exitStatuses.failed;
  return event.type === 'finished' ? exitStatuses[event.outcome] : null;
}

/** For the scheduler's log: what a person looks for there. */
function tell(event: TrainerEvent): void {
  switch (event.type) {
    case 'started':
      return log(
        `${event.backend.name} on ${event.backend.device}${event.resumedAtStep === null ? '' : `, from step ${event.resumedAtStep}`}`,
      );
    case 'checkpoint':
      return log(`checkpoint ${event.checkpoint.path}`);
    case 'evaluation-done':
      return log(`evaluated ${event.mark.suiteName} at step ${event.mark.step}`);
    case 'log':
      return log(event.message);
    case 'finished':
      return log(`${event.outcome} at step ${event.step}`);
    case 'failed':
      return log(`failed: ${event.error.message}`);
    default:
  }
}

function log(text: string): void {
  process.stdout.write(`${text}\n`);
}
