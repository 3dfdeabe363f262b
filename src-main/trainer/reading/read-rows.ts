import { Worker } from 'node:worker_threads';
import { entryPath } from '../../entries.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { ShownRow } from '../../shared/domain/data/shown-row.ts';
import type { ReadingAnswer, ReadingTask, RowLengths } from './messages.ts';

export interface ReadingWatch {
  signal: AbortSignal;
  /** Rows read so far. */
  onProgress?: (done: number) => void;
}

/** One row as a model sees it in training. */
export async function readShownRow(
  task: Omit<Extract<ReadingTask, { kind: 'show' }>, 'kind'>,
  watch: ReadingWatch,
): Promise<ShownRow> {
  const answer = await runReading({ kind: 'show', ...task }, watch);
  if (answer.type !== 'shown') throw unexpected(answer.type);
  return answer.row;
}

/** Lengths in tokens of one part of the rows. */
export async function readLengths(
  task: Omit<Extract<ReadingTask, { kind: 'lengths' }>, 'kind'>,
  watch: ReadingWatch,
): Promise<RowLengths> {
  const answer = await runReading({ kind: 'lengths', ...task }, watch);
  if (answer.type !== 'lengths') throw unexpected(answer.type);
  return answer.lengths;
}

function unexpected(type: string): WorkbenchError {
  return new WorkbenchError('internal', `The thread that reads rows answered “${type}”`);
}

/** The thread ends with its task, or when the signal says so. */
function runReading(task: ReadingTask, { signal, onProgress }: ReadingWatch): Promise<ReadingAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new WorkbenchError('cancelled', 'Cancelled.'));
      return;
    }
    const worker = new Worker(entryPath('row-reader'), { workerData: task, name: 'row reader', execArgv: [] });
    const abort = () => {
      reject(new WorkbenchError('cancelled', 'Cancelled.'));
      // It ends at the latest with the program.
      worker.terminate().catch(() => undefined);
    };
    signal.addEventListener('abort', abort, { once: true });
    worker.on('message', (message: ReadingAnswer | { type: 'failed'; error: ErrorReport }) => {
      if (message.type === 'progress') onProgress?.(message.done);
      else if (message.type === 'failed') reject(WorkbenchError.fromReport(message.error));
      else resolve(message);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      signal.removeEventListener('abort', abort);
      reject(new WorkbenchError('internal', 'The thread that reads rows ended without an answer'));
    });
  });
}
