import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { FieldMap } from '../field-map.ts';
import { own } from '../field-path.ts';
import type { ImportPlan } from '../import-stream.ts';
import { NoRecords } from '../records/json-array.ts';
import { readRecords } from '../records/read-records.ts';
import { type Layout, problemRecord, type RawRecord, type RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { OpencompassFiles } from '../sources/opencompass-files.ts';
import { asAnswer } from '../values.ts';
import { newMetrics } from './metrics.ts';
import { type Detail, type Prediction, readDetail, turnsOf } from './opencompass-detail.ts';
import { planSurveyed, type SurveyedSample } from './surveyed.ts';

/** The last word of several evaluators first, then what most of them write. */
const verdicts = ['cascade_correct', 'correct', 'is_correct', 'is_strict_correct', 'passed', 'pass'];

const documents: Layout = { container: 'json', compression: 'none', arrayPath: [], entries: true };

/** OpenCompass: what an evaluator noted of each sample (`details`), with the prompts and answers of `predictions`. */
export function planOpencompass(
  source: OpencompassFiles,
  layout: Layout,
  map: FieldMap,
  variant: string | undefined,
): ImportPlan<SampleResult> {
  const predictions: Prediction[] = [];
  let samples = 0;
  let repeats = 1;
  const files = [source.results, ...source.predictions];
  return planSurveyed({
    format: 'opencompass',
    map,
    variant,
    totalBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    async prepare(session) {
      for (const file of source.predictions) {
        for await (const batch of readRecords(file.path, file.name, documents, session))
          for (const record of batch) if ('value' in record) predictions.push(predictionOf(record.value));
      }
    },
    records: (session) => detailsOf(source, layout, session, (count) => (samples = count)),
    read(value) {
      const detail = readDetail(value as { key: string; value: unknown; ordinal: number });
      repeats = Math.max(repeats, detail.judged.length);
      const answered = detail.judged.map((_, run) => predictions[run * samples + detail.index]);
      return surveyed(detail, answered, source.dataset);
    },
    rules: () => ({ preferred: verdicts, isNoVerdict: (name) => /^(is_valid|valid)/.test(name) }),
    describe: ({ verdictMetric, scoreMetric }, { failed }) => ({
      tool: { name: 'opencompass', version: null },
      tasks: [source.dataset],
      models: source.model === null ? [] : [source.model],
      measure: { metric: verdictMetric ?? scoreMetric, repeats },
      notes: [
        ...source.notes,
        ...(failed === 0 ? [] : [`${failed} samples have no verdict: their judge gave no grade.`]),
      ],
    }),
  });
}

/** `details` as entries with their place; a file without them says how it comes to have them. */
async function* detailsOf(
  { results }: OpencompassFiles,
  layout: Layout,
  session: ReadSession,
  counted: (samples: number) => void,
): RecordBatches {
  const details: Layout = { ...layout, container: 'json', arrayPath: ['details'], entries: true };
  let ordinal = 0;
  try {
    for await (const batch of readRecords(results.path, results.name, details, session)) {
      yield batch.flatMap((record): RawRecord[] => {
        if ('problem' in record) return [record];
        const { key, value } = record.value as { key: string; value: unknown };
        // Older versions put the kind of the task among the samples.
        if (key === 'type' && typeof value === 'string') return [];
        return [{ ...record, value: { key, value, ordinal: ordinal++ } }];
      });
    }
  } catch (error) {
    if (!(error instanceof NoRecords)) throw error;
    const message = 'It has no “details”: run OpenCompass again with --dump-eval-details True.';
    yield [problemRecord({ file: results.name, line: 1 }, 'missing-field', message, 'details')];
  }
  counted(ordinal);
}

function predictionOf(entry: unknown): Prediction {
  const value = own(entry, 'value');
  const prompt = own(value, 'origin_prompt') ?? own(value, 'prompt');
  const output = own(value, 'prediction');
  return {
    prompt: prompt === undefined ? null : asAnswer(turnsOf(prompt), 'origin_prompt'),
    output: output === undefined ? null : asAnswer(output, 'prediction'),
  };
}

function surveyed(detail: Detail, answered: readonly (Prediction | undefined)[], dataset: string): SurveyedSample {
  const { judged, id } = detail;
  const [first] = judged;
  const [asked] = answered;
  const row: SampleResult = {
    sampleId: '',
    // A judge’s details have the judge’s prompt and answer; what the model was asked is in the predictions.
    prompt: asked?.prompt ?? first?.prompt ?? '',
    output: asked?.output ?? first?.output ?? null,
    score: null,
    verdict: null,
    slices: [dataset],
  };
  const target = first?.target ?? null;
  if (target !== null) row.target = target;
  const metrics = judged.length === 1 ? (first?.metrics ?? newMetrics()) : meansOf(judged);
  return {
    row,
    metrics,
    truths: first?.truths ?? [],
    id: `${dataset}/${id}`,
    failed: judged.length > 0 && judged.every(({ failed }) => failed),
    ...(judged.length === 1
      ? {}
      : { attempts: judged.map((one, run) => ({ ...one, output: answered[run]?.output ?? one.output })) }),
  };
}

/** Each metric's mean over the answers to one sample. */
function meansOf(judged: Detail['judged']): Record<string, number> {
  const means = newMetrics();
  const graded = judged.filter(({ failed }) => !failed);
  for (const name of new Set(graded.flatMap(({ metrics }) => Object.keys(metrics)))) {
    const values = graded.flatMap(({ metrics }) => metrics[name] ?? []);
    means[name] = values.reduce((sum, value) => sum + value, 0) / values.length;
  }
  return means;
}
