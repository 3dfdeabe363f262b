import { createContext, runInContext } from 'node:vm';

/** Enough for any pattern that is meant to be tried on an answer. */
const withinMs = 500;

/**
 * Tries a pattern that came with somebody's suite. A pattern that backtracks without end holds a thread for ever, and V8
 * interrupts it only where it was told a time limit beforehand, which `node:vm` does. Null when the time was up.
 */
export function testPattern(pattern: RegExp, text: string): boolean | null {
  const context = createContext({ found: false, pattern, text });
  try {
    return runInContext('pattern.test(text)', context, { timeout: withinMs }) === true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null;
    throw error;
  }
}
