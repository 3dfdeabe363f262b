import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import { evaluationFields, type FieldMap, formatFieldMap, Mapping } from '../field-map.ts';
import type { ImportPlan, Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import type { RecordBatches } from '../records/record.ts';
import { resultIdentity } from '../row-content.ts';
import type { ReadSession } from '../session.ts';
import type { Container } from '../types.ts';
import { makesEvaluation } from '../suggest-map.ts';
import { asAnswer, asId, asNumber, asOptionalText, asPrompt, asSlices, asTags } from '../values.ts';
import { asVerdict } from '../verdict-values.ts';

/** An evaluation in a file of one's own making, read through a mapping alone. */
export function planMappedEvaluation(
  format: Container,
  map: FieldMap,
  totalBytes: number,
  records: (session: ReadSession) => RecordBatches,
  decimal: Mapping['decimal'] = 'point',
): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields, decimal);
  checkEnough(mapping, map);
  return {
    ...resultPlan(mapping),
    format,
    totalBytes,
    records,
    mapRecord: (record) => mapResult(record, mapping),
    describe: () => ({
      verdictFrom: mapping.has('correct') ? `The field “${mapping.pathOf('correct')}”.` : null,
      scoreMeaning: mapping.has('score') ? `The field “${mapping.pathOf('score')}”; larger is taken as better.` : null,
    }),
  };
}

/** What every plan for evaluations has in common. */
export function resultPlan(
  mapping: Mapping,
): Pick<ImportPlan<SampleResult>, 'purpose' | 'identity' | 'withId' | 'mapping'> {
  return {
    purpose: 'evaluation',
    mapping,
    identity: resultIdentity,
    withId: (row, id) => {
      row.sampleId = id;
    },
  };
}

function checkEnough(mapping: Mapping, map: FieldMap): void {
  if (makesEvaluation((field) => mapping.has(field))) return;
  throw new WorkbenchError('bad-input', `The mapping “${formatFieldMap(map)}” makes no evaluation.`, {
    remedy:
      'Map prompt or id, so that samples can be paired, and correct, score or output, so that there is something to compare.',
  });
}

function mapResult(record: unknown, mapping: Mapping): Mapped<SampleResult> {
  if (typeof record !== 'object' || record === null)
    throw new Misfit('not-an-object', 'The record is no object with fields.');
  const row: SampleResult = { sampleId: '', prompt: '', output: null, score: null, verdict: null };
  const id = overlay(row, record, mapping, null);
  if (id === null && mapping.has('id') && !mapping.has('prompt')) {
    throw new Misfit('missing-field', `“${mapping.pathOf('id')}” is missing or blank.`, mapping.pathOf('id'));
  }
  return { row, id };
}

/**
 * Puts what a mapping names into a row, over what the format found. Answers the id: the mapped one, none where the
 * mapping refuses ids, else `id`.
 */
export function overlay(row: SampleResult, record: unknown, mapping: Mapping, id: string | null): string | null {
  const prompt = mapping.value(record, 'prompt');
  // A sample that its id names may lack its prompt: a column without values is none.
  const mayLack =
    prompt === null && mapping.has('id') && asId(mapping.value(record, 'id'), mapping.pathOf('id')) !== null;
  if (mapping.has('prompt') && !mayLack) row.prompt = asPrompt(prompt, mapping.pathOf('prompt'));
  if (mapping.has('output')) row.output = asAnswer(mapping.value(record, 'output'), mapping.pathOf('output'));
  if (mapping.has('score'))
    row.score = asNumber(mapping.value(record, 'score'), mapping.pathOf('score'), mapping.decimal);
  if (mapping.has('correct')) row.verdict = asVerdict(mapping.value(record, 'correct'), mapping.pathOf('correct'));
  overlayOptional(row, record, mapping);
  if (mapping.refusesIds) return null;
  return mapping.has('id') ? asId(mapping.value(record, 'id'), mapping.pathOf('id')) : id;
}

function overlayOptional(row: SampleResult, record: unknown, mapping: Mapping): void {
  const target = asAnswer(mapping.value(record, 'target'), mapping.pathOf('target'));
  if (target !== null) row.target = target;
  const cluster = asOptionalText(mapping.value(record, 'cluster'));
  if (cluster !== null && cluster !== '') row.cluster = cluster;
  const slices = mapping.has('slice') ? asSlices(mapping.value(record, 'slice'), mapping.pathOf('slice')) : undefined;
  if (slices !== undefined) row.slices = [...new Set([...(row.slices ?? []), ...slices])];
  const tags = asTags(mapping.value(record, 'tags'));
  if (tags !== undefined) row.tags = tags;
  const ofResult = asTags(mapping.value(record, 'resultTags'));
  if (ofResult !== undefined) row.resultTags = [...new Set([...(row.resultTags ?? []), ...ofResult])];
}
