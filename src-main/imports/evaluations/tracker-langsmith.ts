import { isPlainObject, own } from '../field-path.ts';
import type { Tracked } from './tracked.ts';
import { fieldsBelow, filledText, structureOf, trackedAnswer, trackedText } from './tracker-values.ts';

/**
 * LangSmith: a data frame of an experiment as it was saved (`inputs.…`, `outputs.…`, `reference.…`, `feedback.…`), examples with their
 * runs, runs with their feedback statistics, or what is uploaded as an experiment.
 */
export function readLangsmith(record: unknown): Tracked[] {
  const runs = structureOf(own(record, 'runs'));
  if (Array.isArray(runs)) return (runs as unknown[]).map((run) => ofExample(record, run));
  if (own(record, 'actual_outputs') !== undefined) return [ofUpload(record)];
  const isFlat = isPlainObject(record) && Object.keys(record).some((key) => /^(inputs?|outputs)\./.test(key));
  const reference = fieldsBelow(record, 'reference', 'reference_outputs', 'reference_example_outputs');
  return [
    {
      id: filledText(own(record, 'example_id') ?? own(record, 'reference_example_id')),
      prompt: trackedText(fieldsBelow(record, 'inputs', 'input'), 'inputs'),
      output: trackedAnswer(fieldsBelow(record, 'outputs', 'output'), 'outputs'),
      target: trackedAnswer(reference, 'reference'),
      scores: scoresOf(record),
      error: filledText(own(record, 'error')),
      leftOut: isFlat || !isChild(record) ? null : 'child runs',
    },
  ];
}

export function isLangsmithRecord(record: unknown): boolean {
  const keys = isPlainObject(record) ? Object.keys(record) : [];
  const starts = (...prefixes: readonly string[]): boolean =>
    keys.some((key) => prefixes.some((prefix) => key.startsWith(`${prefix}.`)));
  if (starts('inputs', 'input') && starts('outputs') && (keys.includes('example_id') || starts('feedback')))
    return true;
  if (keys.includes('row_id') && keys.includes('actual_outputs')) return true;
  if (Array.isArray(structureOf(own(record, 'runs'))) && keys.includes('inputs')) return true;
  return keys.includes('inputs') && (keys.includes('feedback_stats') || keys.includes('reference_example_id'));
}

function isChild(record: unknown): boolean {
  const parent = own(record, 'parent_run_id');
  return typeof parent === 'string' && parent !== '';
}

function ofExample(example: unknown, run: unknown): Tracked {
  return {
    id: filledText(own(example, 'id')),
    prompt: trackedText(own(example, 'inputs'), 'inputs'),
    output: trackedAnswer(own(run, 'outputs'), 'runs.outputs'),
    target: trackedAnswer(own(example, 'outputs'), 'outputs'),
    scores: scoresOf(run),
    error: filledText(own(run, 'error')),
    leftOut: null,
  };
}

function ofUpload(record: unknown): Tracked {
  const given = structureOf(own(record, 'evaluation_scores'));
  const scores: Record<string, unknown> = {};
  for (const entry of Array.isArray(given) ? (given as unknown[]) : []) {
    const key = own(entry, 'key');
    if (typeof key === 'string') scores[key] = own(entry, 'score') ?? own(entry, 'value');
  }
  return {
    id: filledText(own(record, 'row_id')),
    prompt: trackedText(own(record, 'inputs'), 'inputs'),
    output: trackedAnswer(own(record, 'actual_outputs'), 'actual_outputs'),
    target: trackedAnswer(own(record, 'expected_outputs'), 'expected_outputs'),
    scores,
    error: filledText(own(record, 'error')),
    leftOut: null,
  };
}

/** Feedback by key: a column of its own, or statistics with their mean. */
function scoresOf(record: unknown): Record<string, unknown> {
  const feedback = fieldsBelow(record, 'feedback') ?? {};
  const statistics = structureOf(own(record, 'feedback_stats'));
  for (const key of isPlainObject(statistics) ? Object.keys(statistics) : []) {
    const entry = own(statistics, key);
    feedback[key] ??= own(entry, 'avg') ?? onlyValue(own(entry, 'values'));
  }
  return feedback;
}

/** Feedback that is a label: its counts by label, where all have the same. */
function onlyValue(values: unknown): unknown {
  const labels = isPlainObject(values) ? Object.keys(values) : [];
  return labels.length === 1 ? labels[0] : undefined;
}
