import type { RowFilter, VersionStep } from '../domain/data/row-view.ts';
import type { Finding } from '../domain/data/findings.ts';
import { assertNever } from '../domain/errors.ts';

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
      return `a sample of ${step.rows} rows (seed ${step.seed})`;
    case 'split':
      return step.part === 'first'
        ? `${Math.round(step.share * 100)} % of the rows, split by prompt (seed ${step.seed})`
        : `the rest of a split at ${Math.round(step.share * 100)} % (seed ${step.seed})`;
    default:
      return assertNever(step);
  }
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
    ...(['prompt', 'response', 'difference'] as const).flatMap((name) => {
      const range = where[name];
      return range === undefined ? [] : [`${name} from ${range[0] ?? '–'} to ${range[1] ?? '–'} long`];
    }),
  ];
  return parts.join('; ');
}
