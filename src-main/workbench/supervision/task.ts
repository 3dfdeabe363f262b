import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { DeviceGrant } from './device.ts';

/** How long work hears of a cancel and tells how far it is. A job of the windows and a command in a terminal are both tasks. */
export interface Task {
  readonly signal: AbortSignal;
  /** `fraction` 0…1, or null when the end is not known; `etaMs` where the work knows better than the pace so far. */
  progress(phase: string, fraction: number | null, etaMs?: number | null): void;
  /** Set where the device is this work's already, so that a part of it does not wait for the whole. */
  readonly device?: DeviceGrant;
}

/** A task nobody watches. */
export function quietTask(signal: AbortSignal = new AbortController().signal): Task {
  return { signal, progress: () => {} };
}

/** The part of a task between two fractions of the whole. */
export function partOf(task: Task, from: number, to: number): Task {
  return {
    ...task,
    progress: (phase, fraction) => task.progress(phase, fraction === null ? null : from + fraction * (to - from)),
  };
}

/** What `work` comes to, unless the task is cancelled before: for work that continues by itself and need not be waited for. */
export async function unlessCancelled<T>(task: Task, work: Promise<T>): Promise<T> {
  let stop = () => {};
  const cancelled = new Promise<never>((_, reject) => {
    stop = () => reject(new WorkbenchError('cancelled', 'Cancelled.'));
    task.signal.addEventListener('abort', stop, { once: true });
    if (task.signal.aborted) stop();
  });
  try {
    return await Promise.race([work, cancelled]);
  } finally {
    task.signal.removeEventListener('abort', stop);
  }
}

export function throwIfCancelled(task: Task): void {
  if (task.signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
}
