import { isPlainObject, own } from '../field-path.ts';
import type { Tracked } from './tracked.ts';
import { filledText, structureOf, trackedAnswer, trackedText } from './tracker-values.ts';

/** Columns of Langfuse's tables of traces and observations: any other holds a score of the name it bears. */
const columns = new Set([
  ...['id', 'projectId', 'traceId', 'traceName', 'timestamp', 'createdAt', 'updatedAt', 'startTime', 'endTime'],
  ...['completionStartTime', 'name', 'type', 'userId', 'sessionId', 'release', 'version', 'environment', 'tags'],
  ...['bookmarked', 'public', 'input', 'output', 'expectedOutput', 'metadata', 'comments', 'level', 'statusMessage'],
  ...['promptName', 'promptId', 'promptVersion', 'modelId', 'providedModelName', 'model', 'modelParameters', 'usage'],
  ...['usageDetails', 'costDetails', 'totalCost', 'latency', 'latencyMs', 'timeToFirstTokenMs', 'htmlPath', 'scores'],
  ...['parentObservationId', 'observations', 'observationId', 'unit', 'inputPrice', 'outputPrice', 'totalPrice'],
  ...['calculatedInputCost', 'calculatedOutputCost', 'calculatedTotalCost', 'datasetItemId', 'datasetName'],
  ...['inputCost', 'outputCost', 'inputUsage', 'outputUsage', 'totalUsage', 'traceTags', 'traceTimestamp'],
  ...['toolDefinitions', 'toolCalls', 'toolCallNames', 'usagePricingTierName', 'internalModelId'],
]);

/**
 * Langfuse: items of an experiment (its API, or the experiment runner's results), or a table of traces or observations, in which each
 * score is a column that holds a list.
 */
export function readLangfuse(record: unknown): Tracked[] {
  const item = own(record, 'item');
  const evaluations = own(record, 'evaluations');
  const isItem = own(record, 'experimentItemId') !== undefined || Array.isArray(evaluations);
  const parent = filledText(own(record, 'parentObservationId'));
  const failed = own(record, 'level') === 'ERROR';
  const expected =
    own(record, 'expectedOutput') ??
    own(record, 'expected_output') ??
    own(item, 'expectedOutput') ??
    own(item, 'expected_output');
  return [
    {
      // A trace has an id of its run: the item is known by what was asked.
      id: filledText(own(record, 'experimentItemId') ?? own(item, 'id') ?? own(record, 'datasetItemId')),
      prompt: trackedText(own(record, 'input') ?? own(item, 'input'), 'input'),
      output: trackedAnswer(own(record, 'output'), 'output'),
      target: trackedAnswer(expected, 'expectedOutput'),
      scores: scoresOf(record, evaluations),
      error: failed ? (filledText(own(record, 'statusMessage')) ?? 'error') : null,
      leftOut: !isItem && parent !== null ? 'child observations' : null,
    },
  ];
}

export function isLangfuseRecord(record: unknown): boolean {
  const has = (...names: readonly string[]): boolean => names.every((name) => own(record, name) !== undefined);
  if (has('experimentItemId', 'experimentId')) return true;
  if (has('output', 'evaluations') && (has('item') || has('traceId') || has('trace_id'))) return true;
  if (!has('input', 'output')) return false;
  return (
    (has('sessionId', 'timestamp') && (has('bookmarked') || has('scores'))) || has('traceId', 'startTime', 'level')
  );
}

function scoresOf(record: unknown, evaluations: unknown): Record<string, unknown> {
  const scores: Record<string, unknown> = {};
  const named = structureOf(own(record, 'scores'));
  for (const list of [evaluations, named]) {
    for (const entry of Array.isArray(list) ? (list as unknown[]) : []) {
      const name = own(entry, 'name');
      if (typeof name === 'string') scores[name] ??= valueOf(entry);
    }
  }
  if (isPlainObject(named)) for (const name of Object.keys(named)) scores[name] ??= meanOf(named[name]);
  if (Array.isArray(evaluations) || own(record, 'experimentItemId') !== undefined) return scores;
  for (const name of isPlainObject(record) ? Object.keys(record) : []) {
    if (!columns.has(name)) scores[name] ??= meanOf(structureOf(own(record, name)));
  }
  return scores;
}

function valueOf(entry: unknown): unknown {
  const [value, text, type] = [own(entry, 'value'), own(entry, 'stringValue'), own(entry, 'dataType')];
  if (type === 'BOOLEAN' && (value === 0 || value === 1)) return value === 1;
  return type === 'CATEGORICAL' ? (text ?? value) : (value ?? text);
}

/** A table has all values of a score that a trace was given; several numbers count as their mean. */
function meanOf(value: unknown): unknown {
  if (!Array.isArray(value)) return undefined;
  const list = value as unknown[];
  const numbers = list.filter((entry) => typeof entry === 'number');
  if (numbers.length === 0) return list.every((entry) => entry === list[0]) ? list[0] : undefined;
  return numbers.reduce((sum, entry) => sum + entry, 0) / numbers.length;
}
