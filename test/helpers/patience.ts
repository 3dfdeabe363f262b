/**
 * How long a test waits for anything, in milliseconds. It ends a hang and nothing else: no test fails because a machine is slow,
 * and none has a time-out of its own.
 */
export const patienceMs = 15 * 60_000;
