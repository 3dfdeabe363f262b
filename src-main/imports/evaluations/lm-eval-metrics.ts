import { isPlainObject, own } from '../field-path.ts';
import { addMetric, newMetrics } from './metrics.ts';

const notMetrics = new Set([
  ...['doc_id', 'doc', 'target', 'arguments', 'resps', 'filtered_resps', 'filter', 'metrics'],
  ...['doc_hash', 'prompt_hash', 'target_hash', 'fewshot_idx', 'idx', 'sample_len'],
]);

/** `--predict_only` gives each sample the metric `bypass`, always 999: no measurement. */
const sentinels = new Set(['bypass']);

/** Every number the harness computed for the sample. */
export function readLmEvalMetrics(record: unknown): Record<string, number> {
  const metrics = newMetrics();
  const listed = own(record, 'metrics');
  const names = Array.isArray(listed)
    ? listed.filter((name): name is string => typeof name === 'string')
    : isPlainObject(record)
      ? Object.keys(record).filter((name) => !notMetrics.has(name))
      : [];
  const answers = answersOf(record);
  for (const name of names) {
    if (sentinels.has(name)) continue;
    const value = own(record, name);
    const share = answers > 1 && Array.isArray(value) && value.length === answers ? shareOf(value) : null;
    addMetric(metrics, name, share ?? value);
  }
  return metrics;
}

/** How many answers to the prompt there are. */
function answersOf(record: unknown): number {
  const responses = own(record, 'resps');
  if (!Array.isArray(responses)) return 0;
  const [first] = responses as unknown[];
  return responses.length === 1 && Array.isArray(first) ? first.length : responses.length;
}

/** A metric that judges each answer by itself counts as the share of those that were right; null where it is no verdict. */
function shareOf(values: readonly unknown[]): number | null {
  let right = 0;
  for (const value of values) {
    if (value === true || value === 1) right += 1;
    else if (value !== false && value !== 0) return null;
  }
  return right / values.length;
}
