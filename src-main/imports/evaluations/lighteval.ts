import type { DecodingSettings, SampleResult } from '../../shared/domain/evaluations.ts';
import type { FieldMap } from '../field-map.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { ImportPlan } from '../import-stream.ts';
import { readDocument } from '../records/read-document.ts';
import { readRecords } from '../records/read-records.ts';
import type { LightevalFiles } from '../sources/lighteval-files.ts';
import { type LightevalSample, readLightevalSample } from './lighteval-sample.ts';
import { solvedOf } from './lm-eval-repeats.ts';
import { addMetric, newMetrics } from './metrics.ts';
import { confidenceOf, likeliest } from './option-confidence.ts';
import { planSurveyed, type SurveyedSample } from './surveyed.ts';

/** Metrics that say right or wrong of one sample, most trusted first. */
const verdicts = ['acc', 'extractive_match', 'em', 'exact_match', 'qem', 'pem', 'pqem', 'acc_norm', 'truthfulqa_mc1'];
const shares = /mc2|likelihood|perplexity|ppl|bits_per_byte|brier|mcc|judge_avg/i;

/** One task of lighteval's details, a Parquet file with a row per sample. */
export function planLighteval(
  source: LightevalFiles,
  map: FieldMap,
  variant: string | undefined,
): ImportPlan<SampleResult> {
  const { details, results: resultsFile, task } = source;
  let results: unknown = null;
  let repeats = 1;
  let decoding: Partial<DecodingSettings> | null = null;
  return planSurveyed({
    format: 'lighteval',
    map,
    variant,
    totalBytes: details.bytes + (resultsFile?.bytes ?? 0),
    async prepare(session) {
      if (resultsFile !== null) results = await readDocument(resultsFile.path, resultsFile.name, session);
    },
    records: (session) =>
      readRecords(details.path, details.name, { container: 'parquet', compression: 'none' }, session),
    read(value) {
      const sample = readLightevalSample(value);
      repeats = Math.max(repeats, sample.texts.length);
      if (sample.texts.length > 0) decoding ??= decodingOf(results, sample);
      return surveyed(sample, task.name);
    },
    rules: () => ({
      preferred: verdicts,
      higherIsBetter: (name) => directionOf(results, task.name, name),
      isBookkeeping: (name) => name === 'options' || name === 'confidence',
      isNoVerdict: (name) => shares.test(name) || shares.test(task.name),
    }),
    describe: ({ verdictMetric, scoreMetric }) => {
      const general = own(results, 'config_general');
      const sha = own(general, 'lighteval_sha');
      const version = typeof sha === 'string' && sha.length > 1 ? sha.slice(0, 12) : null;
      const model = own(general, 'model_name') ?? own(own(general, 'model_config'), 'model_name') ?? source.model;
      return {
        tool: { name: 'lighteval', version },
        tasks: [task.name],
        models: typeof model === 'string' ? [model] : [],
        decoding,
        measure: {
          metric: verdictMetric ?? scoreMetric,
          repeats,
          shots: task.shots,
          taskVersion: versionOf(own(own(results, 'versions'), task.full)),
        },
        notes: source.notes,
      };
    },
  });
}

function surveyed(sample: LightevalSample, task: string): SurveyedSample {
  const { texts, options, logProbs, golds, gold } = sample;
  const metrics = newMetrics();
  const given = sample.metric;
  for (const name of isPlainObject(given) ? Object.keys(given) : []) addMetric(metrics, name, own(given, name));
  const truths = isPlainObject(given) ? Object.keys(given).filter((name) => typeof given[name] === 'boolean') : [];
  const rated = options.length > 1 && logProbs.length >= options.length ? logProbs.slice(0, options.length) : [];
  const best = likeliest(rated);
  const row: SampleResult = {
    sampleId: '',
    prompt: sample.prompt,
    output: texts[0] ?? (rated.length > 0 ? (options[best]?.trim() ?? null) : null),
    score: null,
    verdict: null,
    slices: [task],
  };
  const [only] = golds;
  if (only !== undefined) row.target = golds.length === 1 ? only.trim() : JSON.stringify(golds);
  if (texts.length > 1) addSolved(row, metrics, texts.length);
  if (rated.length > 0) {
    metrics['options'] = rated.length;
    const confidence = confidenceOf(rated, best);
    if (confidence !== null) metrics['confidence'] = confidence;
  }
  return {
    row,
    metrics,
    truths,
    id: sample.id === null ? null : `${task}/${sample.id}`,
    identity: [sample.query, row.target],
    score: gold === null ? null : (rated[gold] ?? null),
  };
}

/** `pass@1:8_samples`, `pass@k:k=1&n=8`, `avg@n:n=8`: how many of the answers were right, where a metric says so. */
function addSolved(row: SampleResult, metrics: Readonly<Record<string, number>>, attempts: number): void {
  const named = newMetrics();
  for (const [name, value] of Object.entries(metrics)) {
    const k = /pass@(\d+)/.exec(name)?.[1] ?? /pass@k.*\bk=(\d+)/.exec(name)?.[1] ?? (/avg@/.test(name) ? '1' : null);
    if (k !== null) named[`pass@${k}`] = value;
  }
  const right = solvedOf(named, attempts);
  if (right !== null) row.solved = { attempts, right };
}

/** Whether larger is better, by the metric's entry in the results file's task configurations. */
function directionOf(results: unknown, task: string, metric: string): unknown {
  const configs = own(results, 'config_tasks');
  for (const key of isPlainObject(configs) ? Object.keys(configs) : []) {
    if (!key.split('|').includes(task)) continue;
    const entries = own(own(configs, key), 'metric') ?? own(own(configs, key), 'metrics');
    for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
      const names = own(entry, 'metric_name');
      const better = own(entry, 'higher_is_better');
      if (names === metric && typeof better === 'boolean') return better;
      const named = own(better, metric);
      if (typeof named === 'boolean') return named;
    }
  }
  return undefined;
}

function versionOf(value: unknown): string | null {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : null;
}

/** What the results file says of generation; what a sample says of its length is where it does not. */
function decodingOf(results: unknown, sample: LightevalSample): Partial<DecodingSettings> | null {
  const general = own(results, 'config_general');
  const settings = own(own(general, 'model_config'), 'generation_parameters') ?? own(general, 'generation_parameters');
  const number = (name: string): number | undefined => {
    const value = own(settings, name);
    return typeof value === 'number' ? value : undefined;
  };
  const temperature = number('temperature');
  const [topP, topK, seed] = [number('top_p'), number('top_k'), number('seed')];
  const maxNewTokens = number('max_new_tokens') ?? sample.maxNewTokens ?? undefined;
  const decoding: Partial<DecodingSettings> = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(seed === undefined ? {} : { seed }),
    ...(maxNewTokens === undefined ? {} : { maxNewTokens }),
    ...(sample.stop.length === 0 ? {} : { stop: sample.stop }),
  };
  return Object.keys(decoding).length === 0 ? null : decoding;
}
