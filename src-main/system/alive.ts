import { readFileSync } from 'node:fs';

/** One process, told from a later one that got the same number. */
export interface ProcessMark {
  readonly pid: number;
  /** When it started, as the system tells it; null where it does not. */
  readonly born: string | null;
}

/** This process, or another one by its number. */
export function markOf(pid: number = process.pid): ProcessMark {
  return { pid, born: stateOf(pid)?.born ?? null };
}

/**
 * Whether the process still runs on this machine: one with its number is there, it is the same one, and it is not a zombie, which
 * has ended and only waits to be noticed.
 */
export function isAlive({ pid, born }: ProcessMark): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process lives as well.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const state = stateOf(pid);
  if (state === null) return true;
  return !state.ended && (born === null || born === state.born);
}

/** From `/proc`: Linux tells a process's start in clock ticks since boot. Other systems are believed by the number alone. */
function stateOf(pid: number): { ended: boolean; born: string | null } | null {
  if (process.platform !== 'linux') return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces: fields count from behind it. The state is field 3, the start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { ended: fields[0] === 'Z' || fields[0] === 'X', born: fields[19] ?? null };
  } catch {
    return null;
  }
}
