import type { Verdict } from '../shared/domain/evaluations.ts';
import { Misfit } from './problems.ts';
import { nameOf, nothing } from './values.ts';

const verdictWords = new Map<string, Verdict>([
  ...[
    '1',
    '1.0',
    'true',
    't',
    'yes',
    'y',
    'correct',
    'right',
    'pass',
    'passed',
    'win',
    'c',
    'up',
    'good',
    'chosen',
    '👍',
    'wahr',
    'vrai',
    'verdadero',
    'vero',
    'waar',
  ].map((word) => [word, 'right'] as const),
  ...[
    '0',
    '0.0',
    'false',
    'f',
    'no',
    'n',
    'incorrect',
    'wrong',
    'fail',
    'failed',
    'lose',
    'loss',
    'i',
    'down',
    'bad',
    'rejected',
    '👎',
    'falsch',
    'faux',
    'falso',
    'onwaar',
  ].map((word) => [word, 'wrong'] as const),
  ...['tie', 'draw'].map((word) => [word, 'tie'] as const),
]);

/**
 * A verdict from the ways people write one: true/false, 1/0, yes/no, correct/wrong, pass/fail, tie. Null, blank and NaN
 * mean that none was given. Anything else is refused: guessing would invent flips.
 */
export function asVerdict(value: unknown, field: string): Verdict | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'boolean') return value ? 'right' : 'wrong';
  if (typeof value === 'number' || typeof value === 'string') {
    const word = String(value).trim().toLowerCase();
    if (nothing.has(word)) return null;
    const verdict = verdictWords.get(word);
    if (verdict !== undefined) return verdict;
  }
  throw new Misfit('unknown-verdict', `“${field}” is ${nameOf(value)}, which says neither right nor wrong.`, field);
}
