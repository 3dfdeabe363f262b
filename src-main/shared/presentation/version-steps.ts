import type { RowFilter, VersionStep } from '../domain/data/row-view.ts';
import type { Finding } from '../domain/data/findings.ts';
import { rowScoreNames, rowScores } from '../domain/data/row-scores.ts';
import { assertNever } from '../domain/errors.ts';
import { formatNumber } from './numbers.ts';
import { plural } from './words.ts';

/** What a finding is called where people choose among them. */
export const findingWords: Record<Finding, string> = {
  duplicate: 'same as an earlier row',
  'near-duplicate': 'similar to an earlier row',
  'normalised-duplicate': 'same but for case, blanks and marks',
  contradiction: 'contradicts another row',
  'repeated-prompt': 'prompt comes several times',
  'empty-side': 'a side without text',
  'identical-sides': 'chosen same as rejected',
  'odd-roles': 'roles do not alternate',
  'system-prompt': 'system prompt unlike most rows',
  'mixed-form': 'written unlike most rows',
  'template-marks': 'marks of a template in the text',
  overlap: 'is in an evaluation',
  cut: 'cut at the length limit',
  'left-out': 'left out at the length limit',
  'longer-chosen': 'chosen longer than rejected',
};

/** How a version was made, in a line. */
export function describeStep(step: VersionStep): string {
  switch (step.do) {
    case 'leave-out':
      return `without rows: ${describeRows(step.where)}`;
    case 'keep-only':
      return `only rows: ${describeRows(step.where)}`;
    case 'sample':
      return `a sample of ${plural(step.rows, 'row')} (seed ${step.seed})`;
    case 'split':
      return step.part === 'first'
        ? `${Math.round(step.share * 100)} % of the rows, split by prompt (seed ${step.seed})`
        : `the rest of a split at ${Math.round(step.share * 100)} % (seed ${step.seed})`;
    default:
      return assertNever(step);
  }
}

const lengthNames = {
  prompt: 'length of the prompt',
  response: 'length of the response',
  rejected: 'length of the rejected response',
  difference: 'length of chosen − rejected',
} as const;

function rangeWords(name: string, range: readonly [number | null, number | null] | undefined): string[] {
  if (range === undefined) return [];
  const [least, most] = range;
  if (least === null && most === null) return [`${name} known`];
  if (least === null) return [most === -Number.MIN_VALUE ? `${name} below 0` : `${name} ${formatNumber(most)} or less`];
  if (most === null) return [least === Number.MIN_VALUE ? `${name} above 0` : `${name} ${formatNumber(least)} or more`];
  return [`${name} ${formatNumber(least)} to ${formatNumber(most)}`];
}

function describeRows(where: RowFilter): string {
  const parts = [
    ...(where.findings === undefined ? [] : [where.findings.map((finding) => findingWords[finding]).join(', ')]),
    ...(where.without === undefined
      ? []
      : [`not ${where.without.map((finding) => findingWords[finding]).join(' or ')}`]),
    ...(where.tags === undefined ? [] : [`tagged ${where.tags.join(' or ')}`]),
    ...(where.scripts === undefined ? [] : [`in ${where.scripts.join(' or ')}`]),
    ...(where.search === undefined ? [] : [`with “${where.search}”`]),
    ...(where.marked === undefined ? [] : [where.marked ? 'marked' : 'not marked']),
    ...(where.ids === undefined ? [] : [`among ${where.ids.length} chosen`]),
    ...(['prompt', 'response', 'rejected', 'difference'] as const).flatMap((name) =>
      rangeWords(lengthNames[name], where[name]),
    ),
    ...rowScoreNames.flatMap((name) => rangeWords(rowScores[name].label, where.scores?.[name])),
  ];
  return parts.join('; ');
}
