import type { FlipKind } from '../domain/flips.ts';
import type { RunStatus } from '../domain/jobs.ts';
import type { Verdict } from '../domain/evaluations.ts';
import { formatCount } from './numbers.ts';

/** Names of states and kinds, the same wherever they are shown. */

export const kindNames: Record<FlipKind, string> = {
  negative: 'negative',
  positive: 'positive',
  'kept-right': 'kept right',
  'kept-wrong': 'kept wrong',
  unchanged: 'unchanged',
  tied: 'tied',
  missing: 'missing',
};

export function verdictName(verdict: Verdict | null): string {
  return verdict ?? 'no verdict';
}

export const statusNames: Record<RunStatus, string> = {
  queued: 'queued',
  starting: 'starting',
  running: 'running',
  paused: 'paused',
  stopping: 'stopping',
  finished: 'finished',
  stopped: 'stopped',
  failed: 'failed',
  interrupted: 'interrupted',
};

/** A run that a trainer works on or is about to. */
export function isActive(status: RunStatus): boolean {
  return ['queued', 'starting', 'running', 'paused', 'stopping'].includes(status);
}

/** `1 sample`, `1,319 samples` */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `A, B and C` */
export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** A label as titles, legends and cells have it. */
export function sentenceCase(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Text on one line, for tables: line ends and runs of spaces become one space. */
export function oneLine(text: string | null | undefined): string {
  return (text ?? '').replace(/\s+/g, ' ').trim();
}
