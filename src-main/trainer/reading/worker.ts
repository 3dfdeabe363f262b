import { parentPort, workerData } from 'node:worker_threads';
import { reportOf } from '../../shared/domain/errors.ts';
import { useCompileCache } from '../../system/compile-cache.ts';
import { measureLengths, showOneRow } from './tasks.ts';
import type { ReadingAnswer, ReadingTask } from './messages.ts';

/** A thread that reads rows as training does: one task, its answer, the end. */
useCompileCache();
const post = (message: ReadingAnswer | { type: 'failed'; error: unknown }): void => parentPort?.postMessage(message);

try {
  // The client is the only one who starts this file.
  const task = workerData as ReadingTask;
  if (task.kind === 'show') post({ type: 'shown', row: await showOneRow(task) });
  else post({ type: 'lengths', lengths: await measureLengths(task, (done) => post({ type: 'progress', done })) });
} catch (error) {
  post({ type: 'failed', error: reportOf(error) });
}
parentPort?.close();
