import type { z } from 'zod';
import { nearestName } from '../../shared/presentation/nearest-name.ts';

/** What the schema refuses, as a person would say it: a sentence that names the way out. */

/** Asked for by name where the field is a choice of the workspace. */
const choices: Record<string, string> = {
  name: 'Give the run a name.',
  model: 'Choose a model.',
  'dataset.train': 'Choose a dataset.',
  'guard.guardSet': 'Choose a guard set.',
  'algorithm.reward.model': 'Choose a reward model.',
};

export function issueSentence(issue: z.core.$ZodIssue): string {
  const choice = choices[issue.path.map(String).join('.')];
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'string') return choice ?? 'Must not be empty.';
      if (issue.origin === 'array' || issue.origin === 'set') return `Give at least ${counted(issue.minimum)}.`;
      return issue.inclusive === false
        ? `Must be greater than ${String(issue.minimum)}.`
        : `Must be at least ${String(issue.minimum)}.`;
    case 'too_big':
      if (issue.origin === 'string') return `Must not be longer than ${String(issue.maximum)} characters.`;
      if (issue.origin === 'array' || issue.origin === 'set') return `Give at most ${counted(issue.maximum)}.`;
      return issue.inclusive === false
        ? `Must be less than ${String(issue.maximum)}.`
        : `Must be at most ${String(issue.maximum)}.`;
    case 'invalid_type':
      return typeSentence(issue, choice);
    case 'invalid_value':
      return `Must be ${oneOf(issue.values)}.`;
    case 'not_multiple_of':
      return `Must be a multiple of ${String(issue.divisor)}.`;
    default:
      return sentence(issue.message);
  }
}

export function unknownKeySentence(key: string, accepted: readonly string[]): string {
  const meant = nearestName(key, accepted);
  const hint = meant === null ? '' : ` Did you mean “${meant}”?`;
  return `There is no key “${key}” here.${hint} Keys here: ${accepted.join(', ')}.`;
}

function typeSentence(issue: z.core.$ZodIssueInvalidType, choice: string | undefined): string {
  if (issue.input === undefined && /received undefined/.test(issue.message))
    return choice ?? 'Is missing; give a value.';
  switch (issue.expected) {
    case 'int':
      return 'Must be a whole number.';
    case 'number':
      return 'Must be a number.';
    case 'boolean':
      return 'Must be true or false.';
    case 'string':
      return choice ?? 'Must be text.';
    case 'array':
      return 'Must be a list.';
    case 'object':
      return 'Must be a group of keys, such as {kind: …}.';
    default:
      return sentence(issue.message);
  }
}

function counted(count: number | bigint): string {
  return Number(count) === 1 ? 'one entry' : `${String(count)} entries`;
}

function oneOf(values: readonly unknown[]): string {
  const quoted = values.map((value) => JSON.stringify(value));
  return quoted.length === 1 ? String(quoted[0]) : `one of ${quoted.join(', ')}`;
}

/** The schema’s own words, which may begin small and end bare. */
function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
