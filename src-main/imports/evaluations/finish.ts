import type { SampleResult } from '../../shared/domain/evaluations.ts';
import { newMetrics } from './metrics.ts';

/** Reasons for which an answer ends before its own end, as servers spell them; without case and punctuation. */
const cutting = new Set([
  ...['length', 'maxtokens', 'maxoutputtokens', 'maxnewtokens', 'modellength', 'maxlength', 'tokenlimit', 'limit'],
  ...['modelcontextwindowexceeded', 'contextlength', 'contextlengthexceeded'],
]);
const ending = new Set([
  ...['stop', 'endturn', 'stopsequence', 'eos', 'eostoken', 'completed', 'complete'],
  ...['toolcalls', 'toolcall', 'tooluse', 'functioncall', 'refusal'],
]);
const filtering = new Set([
  'contentfilter',
  'contentfiltered',
  'safety',
  'recitation',
  'blocklist',
  'prohibitedcontent',
]);

/**
 * Keeps why an answer ended, where the source says so: metric `cut` is 1 where a limit of tokens ended it, and the result's
 * tag `content-filter` marks what a provider's filter ended. A reason that is not known says nothing.
 */
export function addFinish(row: SampleResult, reason: unknown): void {
  if (typeof reason !== 'string') return;
  const word = reason.toLowerCase().replace(/[^a-z]/g, '');
  const isFiltered = filtering.has(word);
  if (!isFiltered && !cutting.has(word) && !ending.has(word)) return;
  (row.metrics ??= newMetrics())['cut'] = cutting.has(word) ? 1 : 0;
  if (isFiltered) row.resultTags = [...(row.resultTags ?? []), 'content-filter'];
}
