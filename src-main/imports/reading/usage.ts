import { readFileSync } from 'node:fs';

const pageBytes = 4096;

/** Memory that a process has; nothing where the system does not tell. */
export function residentBytesOf(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return 0;
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1] ?? 0) * pageBytes;
  } catch {
    // Gone meanwhile.
    return 0;
  }
}

/** Of Linux' clock, which ticks a hundred times a second for every program. */
const tickMs = 10;

/** Processor time that a process has had; without end where the system does not tell. */
export function processorMsOf(pid: number | undefined): number {
  if (process.platform !== 'linux' || pid === undefined) return Infinity;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) * tickMs;
  } catch {
    // Gone meanwhile.
    return Infinity;
  }
}
