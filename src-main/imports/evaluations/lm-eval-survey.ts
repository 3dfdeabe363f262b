import { eachAnswer } from '../../shared/domain/measures.ts';
import { own } from '../field-path.ts';
import { isBlank } from '../../system/lines.ts';
import { parseRecord } from '../records/parse-json.ts';
import { readLines, readRecords } from '../records/read-records.ts';
import type { Layout, RawRecord } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { SourceFile } from '../sources/files.ts';
import { CannotJudge } from './lm-eval-filters.ts';
import { judgedMetric, LmEvalJudging } from './lm-eval-judging.ts';
import { readLmEvalMetrics } from './lm-eval-metrics.ts';
import { countsAnswers, solvedOf } from './lm-eval-repeats.ts';
import { readLmEvalSample } from './lm-eval-sample.ts';
import { readLmEvalTail } from './lm-eval-tail.ts';
import { type GoldReading, GoldTally } from './lm-eval-gold.ts';
import { chooseMetric, MetricSurvey, type MetricTally } from './metric-survey.ts';

/** A samples file, read once to its end before any line of it becomes a row: what is decided by it holds for every line. */
export interface LmEvalSurvey {
  /** By filter, in order of first appearance. */
  filters: Map<string, FilterSurvey>;
  gold: GoldReading;
  /** Where the task asks several times: what judges each answer, or why nothing can. */
  judging: LmEvalJudging | CannotJudge | null;
}

export interface FilterSurvey {
  lines: number;
  metrics: MetricSurvey;
  /**
   * Whether of every sample with several answers its metrics say how many were right. A file that keeps fewer answers than were
   * judged, or whose filter judges the majority alone, does not; its samples then have one verdict each, all of them.
   */
  countable: boolean;
}

/**
 * Gives an empty batch for each that it looks at, so that whoever watches sees it come forward.
 * @param config the task's in the results file, where there is one
 */
export async function* surveyLmEval(
  { path, name, layout }: SourceFile & { layout: Layout },
  config: unknown,
  session: ReadSession,
): AsyncGenerator<RawRecord[], LmEvalSurvey> {
  const filters: LmEvalSurvey['filters'] = new Map();
  const judging = judgingOf(config);
  const gold = new GoldTally();
  // Bytes and hashes are counted when the rows are read.
  const scratch = session.scratch();
  const take = (record: RawRecord): void => {
    if (!('value' in record)) return;
    count(filters, record.value);
    gold.add(record.value);
    if (judging instanceof LmEvalJudging) judging.check(filterOf(record.value), record.value);
  };
  if (layout.container !== 'jsonl') {
    for await (const batch of readRecords(path, name, layout, scratch)) {
      for (const record of batch) take(record);
      yield [];
    }
    return { filters, gold: gold.reading(), judging };
  }
  for await (const lines of readLines(path, name, layout, scratch)) {
    for (const { bytes, number } of lines) {
      if (bytes === null || isBlank(bytes)) continue;
      // Several answers are looked at one by one.
      const tail = judging === null ? readLmEvalTail(bytes) : null;
      if (tail === null) take(parseRecord(bytes, { file: name, line: number }, scratch.limits));
      else {
        count(filters, tail.record);
        gold.count(tail.gold);
      }
    }
    yield [];
  }
  return { filters, gold: gold.reading(), judging };
}

function judgingOf(config: unknown): LmEvalSurvey['judging'] {
  const repeats = own(config, 'repeats');
  if (typeof repeats !== 'number' || repeats < 2) return null;
  try {
    return new LmEvalJudging(config);
  } catch (error) {
    if (error instanceof CannotJudge) return error;
    throw error;
  }
}

function count(filters: LmEvalSurvey['filters'], record: unknown): void {
  const filter = filterOf(record);
  let entry = filters.get(filter);
  if (entry === undefined) filters.set(filter, (entry = { lines: 0, metrics: new MetricSurvey(), countable: true }));
  entry.lines += 1;
  entry.countable &&= isCountable(record);
  entry.metrics.add(readLmEvalMetrics(record), (name) => typeof own(record, name) === 'boolean');
}

/** Lines that are read by their end alone hold no metric that counts answers (`lm-eval-tail.ts`). */
function isCountable(record: unknown): boolean {
  const metrics = readLmEvalMetrics(record);
  if (!Object.keys(metrics).some(countsAnswers)) return true;
  const { answers } = readLmEvalSample(record);
  return answers.length < 2 || solvedOf(metrics, answers.length) !== null;
}

export function filterOf(record: unknown): string {
  const value = own(record, 'filter');
  return typeof value === 'string' ? value : 'none';
}

/** Metrics that say right or wrong of one sample, most trusted first. */
const verdictMetrics = [
  'acc',
  'exact_match',
  'pass@1',
  'pass_at_1',
  'prompt_level_strict_acc',
  'acc_norm',
  'em',
  'is_correct',
  'correct',
];
/** Filters in the order in which one is taken where both sides may have several. */
const preferredFilters = ['none', 'strict-match', 'score-first', 'take_first'];

export interface LmEvalChoice {
  filter: string;
  /** Null where no metric of the file is a verdict: each has fractions, or none is given. */
  verdictMetric: string | null;
  /** The metric that is the score where there is no log-probability. */
  scoreMetric: string | null;
  /** Filters, and the metrics that could be taken, where there are several. */
  variants: string[];
  variant: string;
  /** Each of several answers is judged by itself. */
  isEach: boolean;
}

/**
 * Which filter, verdict and score a task is read by: a preference by name over what the whole file has, so that two files of
 * one task are read alike whatever their first lines are.
 */
export function chooseLmEval(
  survey: LmEvalSurvey,
  task: string,
  higherIsBetter: unknown,
  wanted: string | undefined,
): LmEvalChoice {
  const filters = [...survey.filters.keys()];
  const each = eachOf(survey, wanted);
  const { filter, metric } = readWanted(each.taken ?? wanted, filters);
  const { verdictMetric, scoreMetric, asked, variants } = chooseMetric(
    survey.filters.get(filter)?.metrics.tallies ?? new Map<string, MetricTally>(),
    {
      preferred: verdictMetrics,
      higherIsBetter: (name) => own(higherIsBetter, name),
      isNoVerdict: (name) => isShare(name, task),
      wanted: metric,
    },
  );
  const all = [...filters, ...variants, ...each.filters.map((name) => `${name}/${eachAnswer}`)];
  if (each.taken !== null) {
    const variant = `${filter}/${eachAnswer}`;
    return { filter, verdictMetric: judgedMetric, scoreMetric: judgedMetric, variant, variants: all, isEach: true };
  }
  return { filter, verdictMetric, scoreMetric, variant: asked ?? filter, variants: all, isEach: false };
}

/** By which filters each answer can be judged, and the one of them to take: by default too, as one answer says less than several. */
function eachOf(
  { filters, judging }: LmEvalSurvey,
  wanted: string | undefined,
): { filters: string[]; taken: string | null } {
  if (!(judging instanceof LmEvalJudging)) return { filters: [], taken: null };
  const names = judging.filters(preferredFilters).filter((name) => filters.has(name));
  const asked =
    wanted === undefined || wanted === eachAnswer ? names[0] : names.find((name) => `${name}/${eachAnswer}` === wanted);
  return { filters: names, taken: asked ?? null };
}

/** `FILTER`, `METRIC`, or `FILTER/METRIC`. */
function readWanted(wanted: string | undefined, filters: readonly string[]): { filter: string; metric?: string } {
  const usual =
    preferredFilters.find((name) => filters.includes(name)) ??
    filters.toSorted((a, b) => (a < b ? -1 : 1))[0] ??
    'none';
  if (wanted === undefined) return { filter: usual };
  if (filters.includes(wanted)) return { filter: wanted };
  const slash = wanted.indexOf('/');
  const before = slash === -1 ? '' : wanted.slice(0, slash);
  return filters.includes(before)
    ? { filter: before, metric: wanted.slice(slash + 1) }
    : { filter: usual, metric: wanted };
}

/** The name says that its zeros and ones are shares too (MC2 sums the probability of true answers). */
function isShare(name: string, task: string): boolean {
  return /(^|_)mc2($|_)/i.test(task) || /mc2|likelihood|perplexity|bits_per_byte|brier/i.test(name);
}
