import { contentId } from '../../content-hash.ts';
import { assertNever } from '../../shared/domain/errors.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { FieldMap } from '../field-map.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { ImportPlan } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { readRecords } from '../records/read-records.ts';
import type { Layout, RawRecord, RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { SourceFile } from '../sources/files.ts';
import { newMetrics } from './metrics.ts';
import { planSurveyed, type SurveyedSample } from './surveyed.ts';
import type { Tracked } from './tracked.ts';
import { readBraintrust } from './tracker-braintrust.ts';
import { readLangfuse } from './tracker-langfuse.ts';
import { readLangsmith } from './tracker-langsmith.ts';
import { scoreOf } from './tracker-values.ts';

export type TrackerFormat = 'langsmith' | 'langfuse' | 'braintrust';

/** Scores that say right or wrong of one sample, most trusted first. */
const verdicts = [
  'correctness',
  'correct',
  'is_correct',
  'Correctness',
  'accuracy',
  'exact_match',
  'ExactMatch',
  'pass',
];

/** Exports of LangSmith, Langfuse and Braintrust: three named mappings of inputs, outputs, references and scores. */
export function planTracker(
  format: TrackerFormat,
  file: SourceFile,
  layout: Layout,
  map: FieldMap,
  variant: string | undefined,
): ImportPlan<SampleResult> {
  const attempts = new Map<string, number>();
  const trackedOf = new WeakMap<object, Tracked>();
  let most = 1;
  let header: unknown = null;
  const seenModels = new Set<string>();
  const names = new Set<string>();
  return planSurveyed({
    format,
    map,
    variant,
    totalBytes: file.bytes,
    async *records(session) {
      // Read twice: attempts are counted again each time.
      attempts.clear();
      yield* unfolded({ format, file, layout }, session, trackedOf, (whole) => (header = whole));
    },
    read(value) {
      const tracked = trackedOf.get(value as object);
      if (tracked === undefined) throw new Misfit('not-an-object', 'The record is no object with fields.');
      if (tracked.leftOut !== null) return { leftOut: `{n} records that are ${tracked.leftOut} were left out.` };
      note(value, seenModels, names);
      const sample = surveyed(tracked);
      const key = sample.id ?? contentId(sample.identity ?? []);
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      most = Math.max(most, attempt);
      return attempt === 1 ? sample : { ...sample, attempt };
    },
    rules: () => ({ preferred: verdicts, areFreelyNamed: true }),
    describe: ({ verdictMetric, scoreMetric }, { failed }) => {
      const named = own(header, 'experiment_name') ?? own(header, 'runName') ?? own(header, 'experimentName');
      return {
        tool: { name: format, version: null },
        tasks: typeof own(header, 'dataset_name') === 'string' ? [String(own(header, 'dataset_name'))] : [],
        models: typeof named === 'string' ? [named] : names.size === 1 ? [...names] : [...seenModels].slice(0, 1),
        measure: { metric: verdictMetric ?? scoreMetric, repeats: most },
        notes: failed === 0 ? [] : [`${failed} samples ended in an error: they have no verdict.`],
      };
    },
  });
}

/** One record per sample: an example may hold several runs. What was read of a record is remembered by it. */
async function* unfolded(
  { format, file, layout }: { format: TrackerFormat; file: SourceFile; layout: Layout },
  session: ReadSession,
  trackedOf: WeakMap<object, Tracked>,
  onHeader: (header: unknown) => void,
): RecordBatches {
  for await (const batch of readRecords(file.path, file.name, layout, session, onHeader)) {
    yield batch.flatMap((record): RawRecord[] => {
      if ('problem' in record) return [record];
      const { value } = record;
      try {
        if (!isPlainObject(value)) throw new Misfit('not-an-object', 'The record is no object with fields.');
        return readerOf(format)(value).map((tracked) => {
          const own = { ...value };
          trackedOf.set(own, tracked);
          return { ...record, value: own };
        });
      } catch (error) {
        if (!(error instanceof Misfit)) throw error;
        return [{ file: record.file, line: record.line, problem: error.problem }];
      }
    });
  }
}

function readerOf(format: TrackerFormat): (record: unknown) => Tracked[] {
  switch (format) {
    case 'langsmith':
      return readLangsmith;
    case 'langfuse':
      return readLangfuse;
    case 'braintrust':
      return readBraintrust;
    default:
      return assertNever(format);
  }
}

function surveyed(tracked: Tracked): SurveyedSample {
  const { id, prompt, output, target, error } = tracked;
  if (id === null && (prompt === null || prompt === ''))
    throw new Misfit('missing-field', 'There is neither an example’s id nor an input.', 'input');
  const metrics = newMetrics();
  const truths: string[] = [];
  for (const name of Object.keys(tracked.scores)) {
    const score = scoreOf(tracked.scores[name]);
    if (score === null) continue;
    metrics[name] = score.value;
    if (score.isTruth) truths.push(name);
  }
  const row: SampleResult = { sampleId: '', prompt: prompt ?? '', output, score: null, verdict: null };
  if (target !== null) row.target = target;
  if (tracked.tags !== undefined && tracked.tags.length > 0) row.tags = tracked.tags;
  return { row, metrics, truths, id, identity: [prompt ?? ''], failed: error !== null };
}

const mostNames = 20;

function note(record: unknown, models: Set<string>, names: Set<string>): void {
  const model = own(own(record, 'metadata'), 'model');
  if (typeof model === 'string' && models.size < mostNames) models.add(model);
  const experiment = own(record, 'experimentName');
  if (typeof experiment === 'string' && names.size < mostNames) names.add(experiment);
}
