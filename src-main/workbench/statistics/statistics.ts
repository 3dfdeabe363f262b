import { Worker } from 'node:worker_threads';
import { entryPath } from '../../entries.ts';
import { assertNever, WorkbenchError } from '../../shared/domain/errors.ts';
import type { Result } from '../../shared/domain/errors.ts';
import { calculate } from './tasks.ts';
import type { StatisticsAnswers, StatisticsTask } from './tasks.ts';

/** Counts comparisons without holding up the main thread. */
export interface Statistics {
  calculate<K extends StatisticsTask['kind']>(
    task: Extract<StatisticsTask, { kind: K }>,
  ): Promise<StatisticsAnswers[K]>;
  close(): Promise<void>;
}

/** Below this, starting a thread takes longer than counting. */
const inlineSamples = 5_000;

export function createStatistics(): Statistics {
  let worker: Worker | null = null;
  let next = 0;
  const waiting = new Map<number, (answer: Result<unknown>) => void>();

  function failAll(message: string): void {
    worker = null;
    for (const resolve of waiting.values()) resolve({ ok: false, error: { code: 'internal', message } });
    waiting.clear();
  }

  function start(): Worker {
    const started = new Worker(entryPath('statistics-worker'));
    // An idle thread does not keep a command from ending.
    started.unref();
    started.on('message', ({ id, ...answer }: { id: number } & Result<unknown>) => {
      waiting.get(id)?.(answer);
      waiting.delete(id);
      if (waiting.size === 0) started.unref();
    });
    started.on('error', (error) => failAll(`The statistics thread failed: ${String(error)}`));
    return started;
  }

  function post(task: StatisticsTask): Promise<Result<unknown>> {
    worker ??= start();
    worker.ref();
    const id = (next += 1);
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      worker?.postMessage({ id, task });
    });
  }

  return {
    async calculate<K extends StatisticsTask['kind']>(task: Extract<StatisticsTask, { kind: K }>) {
      // Both ways run `calculate`, whose answer to a task of kind K is StatisticsAnswers[K].
      if (sizeOf(task) <= inlineSamples) return calculate(task) as StatisticsAnswers[K];
      const answer = await post(task);
      if (!answer.ok) throw WorkbenchError.fromReport(answer.error);
      return answer.value as StatisticsAnswers[K];
    },
    async close() {
      await worker?.terminate();
    },
  };
}

/** In samples to count; the others by how long they take beside that. */
function sizeOf(task: StatisticsTask): number {
  switch (task.kind) {
    case 'summary':
      return task.tally.samples?.kinds.length ?? 0;
    case 'slice-search':
      return task.samples.length * 10;
    case 'change-summary':
      return Math.max(...Object.values(task.outcomes)) * 2;
    case 'read-report':
      return task.text.length / 50;
    default:
      return assertNever(task);
  }
}
