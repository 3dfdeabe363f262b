import { parentPort } from 'node:worker_threads';
import { reportOf } from '../../shared/domain/errors.ts';
import { calculate } from './tasks.ts';
import type { StatisticsTask } from './tasks.ts';

/** The thread in which big comparisons are counted: one task in, one answer out, in order. */
parentPort?.on('message', ({ id, task }: { id: number; task: StatisticsTask }) => {
  try {
    const value = calculate(task, (fraction) => parentPort?.postMessage({ id, fraction }));
    parentPort?.postMessage({ id, ok: true, value });
  } catch (error) {
    parentPort?.postMessage({ id, ok: false, error: reportOf(error) });
  }
});
