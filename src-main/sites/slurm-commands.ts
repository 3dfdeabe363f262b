import { quote } from './quote.ts';
import type { JobSight } from './slurm-words.ts';

/**
 * Slurm through its commands and their text, which stay the same from version to version; the JSON changes with each.
 * A command that prints times is told to print them as seconds since 1970, where it can.
 */

/** Every job of mine, arrays task by task. One call for all: the manual forbids loops. */
export const squeueCommand = "SLURM_TIME_FORMAT=%s squeue -h --me -t all -r -o '%i|%T|%r|%N|%L|%S'";

export function parseSqueue(text: string): JobSight[] {
  return rows(text, 6).map(([id = '', state = '', reason = '', node = '', , start = '']) => ({
    id,
    state,
    reason,
    node: nodeOf(node),
    startAt: timeOf(start),
    exitCode: null,
  }));
}

/** `whole`: jobs as a whole; else also their parts, among which the last attempt of a job that was put back shows. */
export function sacctCommand(ids: readonly string[], whole: boolean): string {
  const jobs = ids.map(quote).join(',');
  return `SLURM_TIME_FORMAT=%s sacct ${whole ? '-X ' : ''}-n -P -D -j ${jobs} -o JobID,State,ExitCode,Start,End,NodeList`;
}

/** The last row of each job counts: with `-D` a job that was put back has one for every attempt. */
export function parseSacct(text: string): JobSight[] {
  const last = new Map<string, JobSight>();
  for (const [id = '', state = '', exitCode = '', start = '', , node = ''] of rows(text, 6)) {
    const job = id.replace(/\.(batch|extern|\d+)$/, '');
    last.set(job, { id: job, state, reason: '', node: nodeOf(node), startAt: timeOf(start), exitCode });
  }
  return [...last.values()];
}

export function showJobCommand(id: string): string {
  return `SLURM_TIME_FORMAT=%s scontrol show job -o ${quote(id)}`;
}

export function parseShowJob(text: string): JobSight[] {
  return text
    .split('\n')
    .filter((line) => line.includes('JobState='))
    .map((line) => {
      const field = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? '';
      const array = field('ArrayJobId');
      const task = field('ArrayTaskId');
      return {
        id: array === '' ? field('JobId') : `${array}_${task}`,
        state: field('JobState'),
        reason: field('Reason'),
        node: nodeOf(field('NodeList')),
        startAt: timeOf(field('StartTime')),
        exitCode: field('ExitCode'),
      };
    });
}

/** `ID` or `ID;cluster`. Slurm's own remarks may come before it. */
export function parseSubmitted(text: string): { jobId: string; cluster: string | null } | null {
  const [, jobId, cluster] = /^(\d+)(?:;(\S+))?\s*$/m.exec(text) ?? [];
  return jobId === undefined ? null : { jobId, cluster: cluster ?? null };
}

/** What `sbatch --test-only` says on stderr: “sbatch: Job 5 to start at 2026-11-28T09:53:43 using …”. */
export function parseTestOnly(text: string): { says: string; startAt: number | null } | null {
  const found = /(?:sbatch: )?(Job \d+ to start at (\S+) .*)/.exec(text);
  if (found === null) return null;
  const said = (found[1] ?? '').replace(/^Job \d+ to start/, 'To start');
  return { says: said.trim(), startAt: timeOf(found[2] ?? '') };
}

/** Largest number of tasks in one array: indexes go from 0 to MaxArraySize − 1. */
export function parseMaxArraySize(config: string): number {
  const found = Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(config)?.[1] ?? Number.NaN);
  return Number.isFinite(found) && found > 0 ? found : usualMaxArraySize;
}
const usualMaxArraySize = 1001;

export function hasAccounting(config: string): boolean {
  const type = /^AccountingStorageType\s*=\s*(\S+)/m.exec(config)?.[1] ?? 'accounting_storage/none';
  return !/none/.test(type);
}

function rows(text: string, columns: number): string[][] {
  return text
    .split('\n')
    .map((line) => line.split('|'))
    .filter((fields) => fields.length === columns && /^\d/.test(fields[0] ?? ''));
}

function nodeOf(text: string): string | null {
  return /^(|\(null\)|None( assigned)?)$/.test(text.trim()) ? null : text.trim();
}

/** Seconds since 1970, or the site's local time in ISO form, taken for this machine's zone; null where there is none. */
function timeOf(text: string): number | null {
  if (/^\d{9,}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
