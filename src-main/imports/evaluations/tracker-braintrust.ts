import { isPlainObject, own } from '../field-path.ts';
import type { Tracked } from './tracked.ts';
import { fieldsBelow, filledText, structureOf, trackedAnswer, trackedText } from './tracker-values.ts';

/**
 * Braintrust: events of an experiment (its API, or a table saved as JSON or CSV), or an evaluation’s results from its SDK. Of a trace
 * the root counts, whose input is what the tool itself compares experiments by.
 */
export function readBraintrust(record: unknown): Tracked[] {
  return [
    {
      id: null,
      prompt: trackedText(own(record, 'input'), 'input'),
      output: trackedAnswer(own(record, 'output'), 'output'),
      target: trackedAnswer(own(record, 'expected'), 'expected'),
      scores: fieldsBelow(record, 'scores') ?? {},
      error: filledText(own(record, 'error')),
      leftOut: isChild(record) ? 'child spans' : null,
      tags: tagsOf(structureOf(own(record, 'tags'))),
    },
  ];
}

export function isBraintrustRecord(record: unknown): boolean {
  const keys = isPlainObject(record) ? Object.keys(record) : [];
  const hasScores = keys.includes('scores') || keys.some((key) => key.startsWith('scores.'));
  if (!hasScores || !keys.includes('input') || Array.isArray(own(record, 'scores'))) return false;
  return (
    keys.includes('span_id') || keys.includes('root_span_id') || (keys.includes('output') && keys.includes('expected'))
  );
}

function isChild(record: unknown): boolean {
  const parents = structureOf(own(record, 'span_parents'));
  if (Array.isArray(parents)) return parents.length > 0;
  const isRoot = own(record, 'is_root');
  if (isRoot === false || isRoot === 'false') return true;
  const [span, root] = [own(record, 'span_id'), own(record, 'root_span_id')];
  return typeof span === 'string' && typeof root === 'string' && span !== '' && root !== '' && span !== root;
}

function tagsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((tag): tag is string => typeof tag === 'string' && tag !== '') : [];
}
