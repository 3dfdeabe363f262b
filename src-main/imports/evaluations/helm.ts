import type { DecodingSettings, SampleResult } from '../../shared/domain/evaluations.ts';
import type { FieldMap } from '../field-map.ts';
import { own } from '../field-path.ts';
import type { ImportPlan } from '../import-stream.ts';
import { readDocument } from '../records/read-document.ts';
import { readRecords } from '../records/read-records.ts';
import { type Layout, problemRecord, type RawRecord } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import { type HelmFiles, readRunName } from '../sources/helm-files.ts';
import { type HelmTexts, perturbationName, readHelmTexts, trialKey } from './helm-texts.ts';
import { newMetrics } from './metrics.ts';
import { planSurveyed, type SurveyedSample } from './surveyed.ts';

/** What HELM's own tables lead with, the most particular first. */
const verdicts = [
  ...['math_equiv_chain_of_thought', 'math_equiv', 'final_number_exact_match', 'chain_of_thought_correctness'],
  ...[
    'exact_match_indicator',
    'cleva_math_result_match',
    'exact_match_with_stemming',
    'pass',
    'ifeval_strict_accuracy',
    'code_eval_acc',
  ],
];
/** Of an option's letter the exact match says it, of a text the match without case, articles and punctuation. */
const ofOptions = ['exact_match', 'quasi_exact_match'];
const ofTexts = ['quasi_exact_match', 'exact_match', 'quasi_prefix_exact_match', 'prefix_exact_match'];
const bookkeeping =
  /^(num_|finish_reason|prompt_|predicted_index|inference_|training_|batch_size|max_prob|logprob|estimated_)|runtime|@\d+$/;
const better = /f1|rouge|bleu|score|accuracy|match|equiv|correct|ndcg|\brr\b|recall|similarity/i;

interface Trial {
  file: string;
  line: number;
  instance: string;
  perturbation: string;
  trial: number;
  metrics: Record<string, number>;
}

/** One run of HELM: the statistics of each trial of each instance, with the texts that are next to them. */
export function planHelm(
  source: HelmFiles,
  layout: Layout,
  map: FieldMap,
  variant: string | undefined,
): ImportPlan<SampleResult> {
  const trials = new Map<string, Trial>();
  const problems: RawRecord[] = [];
  let texts: ReadonlyMap<string, HelmTexts> = new Map();
  let spec: unknown = null;
  let repeats = 1;
  const files = [source.stats, source.runSpec, source.predictions ?? source.scenarioState];
  const adapter = (name: string): unknown => own(own(spec, 'adapter_spec'), name);
  return planSurveyed({
    format: 'helm',
    map,
    variant,
    totalBytes: files.reduce((sum, file) => sum + (file?.bytes ?? 0), 0),
    async prepare(session) {
      if (source.runSpec !== null) spec = await readDocument(source.runSpec.path, source.runSpec.name, session);
      await gather(source, layout, session, trials, problems);
      for (const { trial } of trials.values()) repeats = Math.max(repeats, trial + 1);
      texts = await readHelmTexts(source, (key) => trials.get(key)?.metrics['predicted_index'], session);
    },
    async *records(session) {
      session.checkCancelled();
      yield problems;
      let batch: RawRecord[] = [];
      for (const [key, trial] of trials) {
        batch.push({ file: trial.file, line: trial.line, value: { ...trial, key } });
        if (batch.length < batchSize) continue;
        yield batch;
        batch = [];
      }
      yield batch;
    },
    read(value) {
      const trial = value as Trial & { key: string };
      return surveyed(trial, texts.get(trial.key), repeats);
    },
    rules: () => ({
      preferred: [...verdicts, ...(/^multiple_choice/.test(String(adapter('method'))) ? ofOptions : ofTexts)],
      higherIsBetter: (name) => (better.test(name) ? true : undefined),
      isBookkeeping: (name) => bookkeeping.test(name),
    }),
    describe: ({ verdictMetric, scoreMetric }) => {
      const name = own(spec, 'name');
      const run = readRunName(typeof name === 'string' ? name : source.run);
      const model = adapter('model') ?? run.model;
      const shots = adapter('max_train_instances');
      return {
        tool: { name: 'helm', version: null },
        tasks: [run.task],
        models: typeof model === 'string' ? [model] : [],
        decoding: decodingOf(adapter),
        measure: {
          metric: verdictMetric ?? scoreMetric,
          repeats,
          shots: typeof shots === 'number' ? shots : null,
        },
        notes:
          texts.size > 0
            ? []
            : ['The texts are not there: samples pair by instance. Import the run’s folder to have them.'],
      };
    },
  });
}

const batchSize = 500;

/** Each metric of HELM writes an entry of its own for a trial: they are one sample. */
async function gather(
  { stats }: HelmFiles,
  layout: Layout,
  session: ReadSession,
  trials: Map<string, Trial>,
  problems: RawRecord[],
): Promise<void> {
  for await (const batch of readRecords(stats.path, stats.name, layout, session)) {
    for (const record of batch) {
      if ('problem' in record) {
        problems.push(record);
        continue;
      }
      const { file, line, value } = record;
      const instance = own(value, 'instance_id');
      if ((typeof instance !== 'string' && typeof instance !== 'number') || !Array.isArray(own(value, 'stats'))) {
        const message = 'It has no “instance_id” with a list of “stats”.';
        problems.push(problemRecord({ file, line }, 'missing-field', message, 'instance_id'));
        continue;
      }
      const key = trialKey(value);
      const index = own(value, 'train_trial_index');
      let trial = trials.get(key);
      if (trial === undefined) {
        const perturbation = perturbationName(own(value, 'perturbation'));
        const number = typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : 0;
        trial = { file, line, instance: String(instance), perturbation, trial: number, metrics: newMetrics() };
        trials.set(key, trial);
      }
      addStats(trial.metrics, own(value, 'stats') as unknown[]);
    }
  }
}

function addStats(metrics: Record<string, number>, stats: readonly unknown[]): void {
  for (const stat of stats) {
    const name = own(own(stat, 'name'), 'name');
    const mean = own(stat, 'mean');
    const [sum, count] = [own(stat, 'sum'), own(stat, 'count')];
    if (typeof name !== 'string') continue;
    // A mean that is not there was never measured (count 0), or is left to be made of sum and count.
    if (typeof mean === 'number') metrics[name] = mean;
    else if (typeof sum === 'number' && typeof count === 'number' && count > 0) metrics[name] = sum / count;
  }
}

function surveyed(trial: Trial, texts: HelmTexts | undefined, repeats: number): SurveyedSample {
  const { instance, perturbation, metrics } = trial;
  const row: SampleResult = {
    sampleId: '',
    prompt: texts?.prompt ?? texts?.question ?? '',
    output: texts?.mapped ?? texts?.output ?? null,
    score: null,
    verdict: null,
  };
  if (texts !== undefined && texts.target !== null) row.target = texts.target;
  if (perturbation !== '') row.slices = [`perturbation=${perturbation}`];
  return {
    row,
    // Read twice: what becomes of them as metrics of the row must not be missing the second time.
    metrics: Object.assign(newMetrics(), metrics),
    id: perturbation === '' ? instance : `${instance}~${perturbation}`,
    failed: texts?.failed === true,
    ...(repeats === 1 ? {} : { attempt: trial.trial + 1 }),
  };
}

function decodingOf(adapter: (name: string) => unknown): Partial<DecodingSettings> | null {
  const [temperature, maxNewTokens, stops] = [adapter('temperature'), adapter('max_tokens'), adapter('stop_sequences')];
  const stop = Array.isArray(stops) ? stops.filter((text): text is string => typeof text === 'string') : [];
  const decoding: Partial<DecodingSettings> = {
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof maxNewTokens === 'number' ? { maxNewTokens } : {}),
    ...(stop.length === 0 ? {} : { stop }),
  };
  return Object.keys(decoding).length === 0 ? null : decoding;
}
