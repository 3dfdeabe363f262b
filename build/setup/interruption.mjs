/** Set-up is asked to stop: programs that it started end, a download breaks off and is kept for the next time. */
const interruption = new AbortController();

export const interrupted = interruption.signal;

export function interrupt() {
  interruption.abort();
}

export function throwIfInterrupted() {
  if (interrupted.aborted) throw new Error('cancelled');
}
