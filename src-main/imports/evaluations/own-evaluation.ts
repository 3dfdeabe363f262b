import { z } from 'zod';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { isPlainObject } from '../field-path.ts';
import type { ImportPlan } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import type { RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import { overlay, resultPlan } from './mapped.ts';

/** Columns of a metric in Parquet: `metrics.logps/chosen`. */
export const metricColumn = 'metrics.';

const verdict = z.enum(['right', 'wrong', 'tie']).nullable();
/** JSON has no infinite numbers: they are written as texts. */
const figure = z.union([z.number(), z.enum(['Infinity', '-Infinity', 'NaN']).transform(Number)]).nullable();
/** What a diverged number is read as, there as here. */
const metric = figure.transform((value) => value ?? Number.NaN);
const whole = z.union([z.number(), z.bigint().transform(Number)]).pipe(z.number().int().min(0));
const texts = z.array(z.string());
const attempt = z.object({ number: whole, output: z.string().nullable(), score: figure, verdict });
const sample = z.object({
  sampleId: z.string().min(1),
  prompt: z.string(),
  target: z.string().nullish(),
  output: z.string().nullable(),
  score: figure,
  verdict,
  slices: texts.nullish(),
  tags: texts.nullish(),
  resultTags: texts.nullish(),
  metrics: z.record(z.string(), metric).nullish(),
  cluster: z.string().nullish(),
  attempts: z.array(attempt).nullish(),
  solved: z.object({ attempts: whole, right: whole }).nullish(),
  fields: z.record(z.string(), z.string()).nullish(),
});

/** An evaluation that this program exported: its samples, each with all that was known of it. */
export function planOwnEvaluation(
  totalBytes: number,
  map: FieldMap,
  records: (session: ReadSession) => RecordBatches,
): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields);
  return {
    ...resultPlan(mapping),
    format: 'flipguard',
    totalBytes,
    records,
    mapRecord(record) {
      const row = sampleOf(record);
      return { row, id: overlay(row, record, mapping, row.sampleId) };
    },
    describe: () => ({
      tool: { name: 'flipguard', version: null },
      verdictFrom: 'The verdict of the evaluation that was exported.',
      scoreMeaning: 'The score of the evaluation that was exported; larger is better.',
    }),
  };
}

function sampleOf(record: unknown): SampleResult {
  const parsed = sample.safeParse(unfolded(record));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = issue?.path.map(String).join('.') ?? '';
    throw new Misfit('wrong-type', `“${field}” is not as FlipGuard writes it: ${issue?.message ?? ''}.`, field);
  }
  const { sampleId, prompt, output, score, verdict: said, ...rest } = parsed.data;
  const given = Object.entries(rest).filter(([, value]) => value !== null && value !== undefined);
  return { sampleId, prompt, output, score, verdict: said, ...(Object.fromEntries(given) as Partial<SampleResult>) };
}

/** Parquet holds metrics in columns of their own, and what is nested as JSON. */
function unfolded(record: unknown): unknown {
  if (!isPlainObject(record)) throw new Misfit('not-an-object', 'The record is no object with fields.');
  const flat: Record<string, unknown> = {};
  const metrics: [string, unknown][] = [];
  for (const [name, value] of Object.entries(record)) {
    if (!name.startsWith(metricColumn)) flat[name] = value;
    else if (value !== null && value !== undefined) metrics.push([name.slice(metricColumn.length), value]);
  }
  // Readers of Parquet give no value where a figure was not finite, so that these are in a column of their own.
  for (const [name, value] of Object.entries(textsOf(record))) {
    if (name === 'score') flat[name] = value;
    else metrics.push([name.slice(metricColumn.length), value]);
  }
  if (metrics.length > 0) flat['metrics'] = Object.fromEntries(metrics);
  for (const name of ['attempts', 'solved', 'fields'])
    if (typeof flat[name] === 'string') flat[name] = jsonOf(flat[name], name);
  return flat;
}

function textsOf({ notFinite }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (typeof notFinite !== 'string') return {};
  const read = jsonOf(notFinite, 'notFinite');
  return isPlainObject(read) ? read : {};
}

function jsonOf(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Misfit('wrong-type', `“${field}” is no JSON.`, field);
  }
}
