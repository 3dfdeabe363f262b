import { Worker } from 'node:worker_threads';
import { entryPath } from '../../entries.ts';
import { assertNever, WorkbenchError } from '../../shared/domain/errors.ts';
import type { Result } from '../../shared/domain/errors.ts';
import { calculate } from './tasks.ts';
import type { StatisticsAnswers, StatisticsTask } from './tasks.ts';

/** Counts comparisons without holding up the main thread. */
export interface Statistics {
  /** Rejects as cancelled when the signal is aborted before it is done. */
  calculate<K extends StatisticsTask['kind']>(
    task: Extract<StatisticsTask, { kind: K }>,
    watch?: Watch,
  ): Promise<StatisticsAnswers[K]>;
  close(): Promise<void>;
}

export interface Watch {
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

interface Waiting {
  readonly task: StatisticsTask;
  readonly watch: Watch;
  resolve(answer: Result<unknown>): void;
}

type FromWorker = { id: number } & (Result<unknown> | { fraction: number });

/** Below this, starting a thread takes longer than counting. */
const inlineSamples = 5_000;

export function createStatistics(): Statistics {
  let worker: Worker | null = null;
  let next = 0;
  /** In the order in which they are counted. */
  const waiting = new Map<number, Waiting>();

  function failAll(failed: Worker, message: string): void {
    if (worker !== failed) return;
    worker = null;
    for (const { resolve } of waiting.values()) resolve({ ok: false, error: { code: 'internal', message } });
    waiting.clear();
  }

  function start(): Worker {
    const started = new Worker(entryPath('statistics-worker'));
    // An idle thread does not keep a command from ending.
    started.unref();
    started.on('message', (message: FromWorker) => receive(started, message));
    started.on('error', (error) => failAll(started, `The statistics thread failed: ${String(error)}`));
    started.on('exit', () => failAll(started, 'The statistics thread ended before it was done.'));
    return started;
  }

  function receive(from: Worker, { id, ...message }: FromWorker): void {
    if ('fraction' in message) return waiting.get(id)?.watch.onProgress?.(message.fraction);
    waiting.get(id)?.resolve(message);
    waiting.delete(id);
    if (waiting.size === 0) from.unref();
  }

  function post(task: StatisticsTask, watch: Watch): Promise<Result<unknown>> {
    const id = (next += 1);
    return new Promise((resolve) => {
      const cancel = () => giveUp(id);
      watch.signal?.addEventListener('abort', cancel, { once: true });
      waiting.set(id, {
        task,
        watch,
        resolve(answer) {
          watch.signal?.removeEventListener('abort', cancel);
          resolve(answer);
        },
      });
      send(id, task);
    });
  }

  function send(id: number, task: StatisticsTask): void {
    worker ??= start();
    worker.ref();
    worker.postMessage({ id, task });
  }

  /** A thread cannot be interrupted: it ends with what it counts, and the others begin again in another. */
  function giveUp(id: number): void {
    waiting.get(id)?.resolve({ ok: false, error: { code: 'cancelled', message: 'Cancelled.' } });
    waiting.delete(id);
    const old = worker;
    worker = null;
    // It ends at the latest with the program.
    old?.terminate().catch(() => undefined);
    for (const [other, { task }] of waiting) send(other, task);
  }

  return {
    async calculate<K extends StatisticsTask['kind']>(task: Extract<StatisticsTask, { kind: K }>, watch: Watch = {}) {
      if (watch.signal?.aborted === true) throw new WorkbenchError('cancelled', 'Cancelled.');
      // Both ways run `calculate`, whose answer to a task of kind K is StatisticsAnswers[K].
      if (sizeOf(task) <= inlineSamples) return calculate(task) as StatisticsAnswers[K];
      const answer = await post(task, watch);
      if (!answer.ok) throw WorkbenchError.fromReport(answer.error);
      return answer.value as StatisticsAnswers[K];
    },
    async close() {
      await worker?.terminate();
    },
  };
}

/** In samples to count; the others by how long they take compared with that. */
function sizeOf(task: StatisticsTask): number {
  switch (task.kind) {
    case 'summary':
      return (
        (task.tally.samples?.kinds.length ?? 0) +
        task.tally.slices.reduce((sum, { samples }) => sum + 20 + (samples?.kinds.length ?? 0), 0)
      );
    case 'slice-search':
      return task.samples.reduce((sum, { text, slices = [] }) => sum + 10 + text.length / 100 + slices.length, 0);
    case 'change-summary':
      return Math.max(...Object.values(task.outcomes)) * 2;
    case 'flip-set':
      return task.flips.reduce((sum, { old, now }) => sum + 10 + (old.length + now.length) / 50, 0);
    default:
      return assertNever(task);
  }
}
