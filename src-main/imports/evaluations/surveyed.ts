import type { Attempt, SampleResult } from '../../shared/domain/evaluations.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import type { Description, ImportPlan, MappedRow } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import type { RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { Place } from '../types.ts';
import { overlay, resultPlan } from './mapped.ts';
import { type ChoiceRules, chooseMetric, type MetricChoice, MetricSurvey } from './metric-survey.ts';
import { metricsWithout } from './metrics.ts';

/** One record as a format reads it, before the whole source has decided which of its metrics is the verdict. */
export interface SurveyedSample extends MappedRow<SampleResult> {
  /** Every number that the tool computed for the sample. */
  metrics: Record<string, number>;
  /** Where the sample was answered several times: each answer's own numbers; `metrics` are then their means. */
  attempts?: readonly JudgedAnswer[];
  /** Names of those that are truth values. */
  truths?: readonly string[];
  /** There is no verdict: the provider, the harness or the judge failed. */
  failed?: boolean;
  /** A log-probability of the target, or what else is a better score than any metric. */
  score?: number | null;
}

/** One of several answers to a sample. */
export interface JudgedAnswer {
  output: string | null;
  metrics: Readonly<Record<string, number>>;
  failed: boolean;
}

export interface SurveyedSource {
  format: ImportPlan<SampleResult>['format'];
  map: FieldMap;
  variant: string | undefined;
  totalBytes: number;
  /** What is needed before a record can be read (results files, texts that are elsewhere). */
  prepare?: (session: ReadSession) => Promise<void>;
  /** The records, from their first; called twice. */
  records: (session: ReadSession) => RecordBatches;
  /** @throws Misfit when the record does not fit. */
  read: (value: unknown, place: Place) => SurveyedSample | { leftOut: string };
  rules: () => Omit<ChoiceRules, 'wanted'>;
  describe: (choice: MetricChoice, told: Told) => Partial<Description>;
}

/** What reading the rows has shown. */
export interface Told {
  failed: number;
  scoreIsLogProb: boolean;
}

/**
 * A source that is read twice: first for what its metrics are over all samples, then for its rows. Which metric is the verdict never
 * hangs on the first record.
 */
export function planSurveyed(source: SurveyedSource): ImportPlan<SampleResult> {
  const mapping = new Mapping(source.map, evaluationFields);
  const survey = new MetricSurvey();
  const told: Told = { failed: 0, scoreIsLogProb: false };
  let choice: MetricChoice | null = null;
  let falls = false;
  const choose = (): MetricChoice => {
    if (choice !== null) return choice;
    const rules = source.rules();
    choice = chooseMetric(survey.tallies, { ...rules, wanted: source.variant });
    falls = choice.scoreMetric !== null && rules.higherIsBetter?.(choice.scoreMetric) === false;
    return choice;
  };
  return {
    ...resultPlan(mapping),
    format: source.format,
    totalBytes: source.totalBytes,
    async *records(session) {
      await source.prepare?.(session);
      for await (const batch of source.records(session.scratch())) {
        for (const record of batch) if ('value' in record) count(survey, source, record.value, record);
        // Whoever watches sees it come forward.
        yield [];
      }
      choose();
      yield* source.records(session);
    },
    mapRecord(value, place) {
      const sample = source.read(value, place);
      if ('leftOut' in sample) return sample;
      settle(sample, choose(), falls);
      if (sample.failed === true) told.failed += 1;
      if (sample.score !== undefined && sample.score !== null) told.scoreIsLogProb = true;
      const { row, identity, attempt } = sample;
      return {
        row,
        id: overlay(row, value, mapping, sample.id),
        ...(identity === undefined ? {} : { identity }),
        ...(attempt === undefined ? {} : { attempt }),
      };
    },
    describe() {
      const taken = choice ?? { verdictMetric: null, scoreMetric: null, asked: null, variants: [] };
      return {
        variant: taken.asked ?? taken.verdictMetric ?? taken.scoreMetric,
        variants: taken.variants.length > 0 ? taken.variants : [taken.verdictMetric ?? taken.scoreMetric ?? []].flat(),
        verdictFrom: taken.verdictMetric === null ? null : `Metric ${taken.verdictMetric}: 1 is right, 0 is wrong.`,
        scoreMeaning: told.scoreIsLogProb
          ? 'Score: log-probability of the right option, in nats.'
          : taken.scoreMetric === null
            ? null
            : `Score: metric ${falls ? 'minus ' : ''}${taken.scoreMetric}.`,
        ...source.describe(taken, told),
      };
    },
  };
}

function count(survey: MetricSurvey, source: SurveyedSource, value: unknown, place: Place): void {
  try {
    const sample = source.read(value, place);
    if ('leftOut' in sample || sample.failed === true) return;
    const isTruth = (name: string): boolean => sample.truths?.includes(name) === true;
    if (sample.attempts === undefined) survey.add(sample.metrics, isTruth);
    else for (const { metrics, failed } of sample.attempts) if (!failed) survey.add(metrics, isTruth);
  } catch (error) {
    // It is told of when the rows are read.
    if (!(error instanceof Misfit)) throw error;
  }
}

/** Verdict and score by what was chosen; the metrics that are neither stay. */
function settle(sample: SurveyedSample, choice: MetricChoice, falls: boolean): void {
  const { row, metrics, failed = false } = sample;
  const { verdictMetric, scoreMetric } = choice;
  const verdict = verdictMetric === null || failed ? undefined : metrics[verdictMetric];
  row.verdict = verdict === 1 ? 'right' : verdict === 0 ? 'wrong' : null;
  const value = scoreMetric === null ? undefined : metrics[scoreMetric];
  const fromMetric = value === undefined ? null : falls ? 0 - value : value;
  row.score = failed ? null : (sample.score ?? fromMetric);
  const judging = verdictMetric ?? scoreMetric;
  if (sample.attempts !== undefined) row.attempts = sample.attempts.map((answer, at) => attemptOf(answer, at, judging));
  else if (sample.attempt !== undefined)
    row.attempts = [{ number: sample.attempt, output: row.output, score: row.score, verdict: row.verdict }];
  const others = metricsWithout(metrics, verdictMetric);
  if (others !== undefined) row.metrics = others;
  if (failed) row.resultTags = ['error'];
}

function attemptOf({ output, metrics, failed }: JudgedAnswer, at: number, metric: string | null): Attempt {
  const value = failed || metric === null ? undefined : metrics[metric];
  return {
    number: at + 1,
    output,
    score: value ?? null,
    verdict: value === 1 ? 'right' : value === 0 ? 'wrong' : null,
  };
}
