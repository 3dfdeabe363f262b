import type { FlipFilter } from '../domain/flip-filter.ts';
import { kindLabel } from '../domain/kinds/kind-sentences.ts';
import { formatNumber } from './numbers.ts';
import { statementLabel } from './statements.ts';
import { kindNames } from './words.ts';

/** What a filter chooses, in words: “negative, Refusal, slice maths, text has “river””; “all samples” where it narrows nothing. */
export function filterWords(filter: FlipFilter): string {
  const { kinds = [], changes = [], slices = [], tags = [], labels = [], stability = [], where = [], search } = filter;
  const either = (names: readonly string[]): string[] => (names.length === 0 ? [] : [names.join(' or ')]);
  const range = (name: string, of: readonly [number | null, number | null] | undefined): string[] =>
    of === undefined
      ? []
      : [`${name} ${of[0] === null ? '…' : formatNumber(of[0])} to ${of[1] === null ? '…' : formatNumber(of[1])}`];
  const is = (value: boolean | undefined, words: string): string[] =>
    value === undefined ? [] : [value ? words : `not ${words}`];
  const parts = [
    ...either(kinds.map((kind) => kindNames[kind])),
    ...either(changes.map(kindLabel)),
    ...either(slices).map((names) => `slice ${names}`),
    ...either(tags).map((names) => `tag ${names}`),
    ...either(labels.map(String)).map((names) => `label ${names}`),
    ...either(stability),
    ...where.map(statementLabel),
    ...(search === undefined || search.trim() === '' ? [] : [`text has “${search}”`]),
    ...range('Δ score', filter.delta),
    ...range('length of the new output', filter.length),
    ...range('guard fired', filter.firing),
    ...is(filter.reviewed, 'reviewed'),
    ...is(filter.corrected, 'corrected by hand'),
    ...(filter.trained === undefined
      ? []
      : [filter.trained === 'only' ? 'prompts that were trained on' : 'without prompts that were trained on']),
    ...(filter.verdicts === undefined ? [] : ['verdicts as evaluated']),
  ];
  return parts.length === 0 ? 'all samples' : parts.join(', ');
}
