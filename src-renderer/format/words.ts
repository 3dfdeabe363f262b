import type { RunStatus } from '@shared/domain/jobs.ts';
import type { FlipKind, Rule } from '@shared/domain/flips.ts';
import type { Verdict } from '@shared/domain/evaluations.ts';
import { assertNever } from '@shared/domain/errors.ts';

/** Names of states and kinds, the same in every place that shows them. */

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
  completed: 'completed',
  stopped: 'stopped',
  failed: 'failed',
  interrupted: 'interrupted',
};

/** A run that a trainer works on or is about to. */
export function isActive(status: RunStatus): boolean {
  return ['queued', 'starting', 'running', 'paused', 'stopping'].includes(status);
}

/** The rule as a phrase that can stand behind “flip:”. */
export function describeRule(rule: Rule): string {
  switch (rule.kind) {
    case 'verdict':
      return rule.ties === 'excluded' ? 'verdict, ties excluded' : `verdict, a tie counts as ${rule.ties}`;
    case 'margin':
      return `score moved by more than ${rule.tau}${lowerNote(rule.direction)}`;
    case 'threshold':
      return `score crossed ${rule.threshold}${lowerNote(rule.direction)}`;
    default:
      return assertNever(rule);
  }
}

function lowerNote(direction: 'higher' | 'lower'): string {
  return direction === 'lower' ? ', lower is better' : '';
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** Text on one line, for tables: line ends and runs of blanks become one blank. */
export function oneLine(text: string | null | undefined): string {
  return (text ?? '').replace(/\s+/g, ' ').trim();
}

/** The right name without what the left one begins with alike: “step 48” beside “dpo · words · step 0”. */
export function shortRightName(left: string, right: string): string {
  const separator = ' · ';
  const a = left.split(separator);
  const b = right.split(separator);
  let alike = 0;
  while (alike < Math.min(a.length, b.length) - 1 && a[alike] === b[alike]) alike += 1;
  return b.slice(alike).join(separator);
}
