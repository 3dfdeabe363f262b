import { createContext, runInContext } from 'node:vm';

/** What `within` throws when the time was up. */
export class OutOfTime extends Error {
  constructor() {
    super('It took longer than it may.');
    this.name = 'OutOfTime';
  }
}

const room = createContext({ work: null });

/**
 * Runs work that does not wait for anything, and ends it when the time is up: V8 interrupts a loop or a pattern that backtracks
 * without end only where it was told a time limit beforehand, which `node:vm` does. The work runs where it was written; only the
 * call is made from another context. Costs about 0.05 ms.
 */
export function within<T>(ms: number, work: () => T): T {
  const results: T[] = [];
  room['work'] = () => void results.push(work());
  try {
    runInContext('work()', room, { timeout: Math.ceil(ms) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new OutOfTime();
    throw error;
  } finally {
    room['work'] = null;
  }
  // It has returned, so it has its result.
  return results[0] as T;
}
