import type { StepMetricName } from '../../shared/domain/metrics.ts';
import type { ReportChart, ReportParts } from '../../shared/domain/reports/report-model.ts';
import type { FrontierPoint } from '../../shared/contract/views.ts';
import type { EvaluationRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import { frontier, rewardSuiteNames } from '../comparing/frontier.ts';
import { runCurves } from '../studies/run-curves.ts';
import { evaluatedPaths, labelOf, methodTables } from '../comparing/method-paths.ts';
import type { EvaluatedPath } from '../comparing/method-paths.ts';
import { tellRuns } from '../comparing/tell-runs.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import { againstStart, hasScoresAlone, usualRule } from '../runs/flip-meter.ts';
import type { Correction } from '../../shared/domain/statistics/multiple-tests.ts';
import { partOf, quietTask } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { comparisonParts } from './comparison-parts.ts';
import type { LongCase, PartsContext } from './comparison-parts.ts';

type Parts = Omit<ReportParts, 'createdAt' | 'title' | 'question' | 'subject'> & {
  evaluations: EvaluationRecord[];
  long: LongCase[];
};

const curveNames: StepMetricName[] = ['loss', 'rewards/margins', 'rewards/accuracies', 'guard/firing_rate', 'kl/pre'];
const curvePoints = 200;
/** Over all comparisons of the report; a ledger loads two models, so only the first comparison of a run has them. */
const shownCasesInAll = 60;
const leastCases = 5;
const shownLedgers = 3;
/** Comparisons whose parts are made at once: each reads in a thread of its own, and a ledger in a process. */
const atOnce = 2;

/** What runs contribute: on every suite before against after, curves, and how methods compare. */
export async function runParts(
  context: PartsContext,
  runs: readonly RunRecord[],
  correction: Correction,
  task: Task,
): Promise<Parts> {
  const pairs = await beforeAndAfter(context, runs, partOf(task, 0, 0.3));
  if (pairs.length === 0) {
    throw new WorkbenchError(
      'bad-input',
      'There is nothing to report yet: no suite was evaluated both before and after training.',
      {
        remedy: 'Give the run evaluate.suites, or evaluate it and its model on one suite.',
      },
    );
  }
  const parts: Parts = {
    evaluations: [],
    comparisons: [],
    cases: [],
    long: [],
    casesTotal: 0,
    annotations: [],
    exclusions: [],
    curves: [],
    frontiers: [],
    methods: [],
    studies: [],
    answer: [],
  };
  const each = partOf(task, 0.3, 0.9);
  const partsOf = async (i: number, task: Task) => {
    const pair = pairs[i]!;
    const shown = {
      cases: Math.max(leastCases, Math.floor(shownCasesInAll / pairs.length)),
      ledgers: pairs[i - 1]?.run.id === pair.run.id ? 0 : shownLedgers,
      correction,
    };
    const title = runs.length === 1 ? pair.suiteName : `${pair.run.name}: ${pair.suiteName}`;
    return { title, one: await comparisonParts(context, pair.comparison, shown, task) };
  };
  for (let i = 0; i < pairs.length; i += atOnce) {
    const part = partOf(each, i / pairs.length, Math.min(pairs.length, i + atOnce) / pairs.length);
    const places = [...pairs.keys()].slice(i, i + atOnce);
    const made = await Promise.all(places.map((at) => partsOf(at, at === i ? part : quietTask(task.signal))));
    for (const { title, one } of made) {
      parts.comparisons?.push(...one.comparisons.map((comparison) => ({ ...comparison, title })));
      parts.cases?.push(...one.cases.map((entry) => ({ ...entry, comparison: title })));
      parts.long.push(...one.long.map((entry) => ({ ...entry, comparison: title })));
      parts.casesTotal = (parts.casesTotal ?? 0) + one.casesTotal;
      parts.annotations?.push(...one.annotations);
      parts.exclusions?.push(...one.exclusions);
      const isNew = ({ id }: EvaluationRecord) => !parts.evaluations.some((known) => known.id === id);
      parts.evaluations.push(...one.evaluations.filter(isNew));
    }
  }
  if (runs.length > 1) parts.exclusions?.push(...heldRuns(runs));
  for (const name of curveNames) parts.curves?.push(...(await curve(context, runs, name)));
  // What the preference trains towards is no check of what it broke.
  const rewards = rewardSuiteNames(await context.core.store.listSuites());
  const checks = pairs.map(({ suiteName }) => suiteName).filter((suiteName) => !rewards.includes(suiteName));
  const widest = [...pairs]
    .filter(({ suiteName }) => checks.length === 0 || checks.includes(suiteName))
    .sort((a, b) => ratesOf(b.comparison.counts).n - ratesOf(a.comparison.counts).n)[0]?.suiteName;
  const curves = await runCurves(context.core, context.comparisons, runs, quietTask(task.signal));
  parts.studies?.push(...(curves === null ? [] : [curves]));
  const outputs = pairs.filter(({ isOutputs }) => isOutputs).map(({ suiteName }) => suiteName);
  for (const suiteName of new Set([...checks, ...outputs])) {
    const points = await frontier(context.core, context.comparisons, suiteName, undefined, quietTask(task.signal));
    const paths = evaluatedPaths(points, runs);
    parts.frontiers?.push(...frontierChart(suiteName, paths));
    // Where each run has a path of its own, the methods stand against each other along these.
    if (curves === null) parts.methods?.push(...methodTables(suiteName, paths));
    if (suiteName === widest)
      parts.answer?.push(...(await answerOf(context, runs, { paths, points, suiteName }, task)));
  }
  return parts;
}

/** A run that is checked on the samples it was held to is not a method to be compared with the others. */
function heldRuns(runs: readonly RunRecord[]): NonNullable<Parts['exclusions']> {
  return runs
    .filter(({ guardSetId }) => guardSetId !== null)
    .map(({ name }) => ({
      what: `${name}, in the tables of methods`,
      count: null,
      why: 'it is checked on the samples that its guard set holds it to',
    }));
}

async function answerOf(
  { core, comparisons }: PartsContext,
  runs: readonly RunRecord[],
  shown: { paths: readonly EvaluatedPath[]; points: readonly FrontierPoint[]; suiteName: string },
  task: Task,
): Promise<string[]> {
  const subject = runs.find(({ spec }) => spec.guard.kind === 'none') ?? runs[0];
  if (subject === undefined) return [];
  const told = await tellRuns(core, comparisons, { runs, subject, ...shown }, quietTask(task.signal));
  return told === null ? [] : [...told.sentences, ...told.details];
}

interface Pair {
  run: RunRecord;
  suiteName: string;
  /** Old output against new output. */
  isOutputs: boolean;
  comparison: ComparisonRecord;
}

/** The last evaluation of each suite against the one before training; suites in the order of the run's spec. */
async function beforeAndAfter(
  { core, comparisons }: PartsContext,
  runs: readonly RunRecord[],
  task: Task,
): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const [i, run] of runs.entries()) {
    const part = partOf(task, i / runs.length, (i + 1) / runs.length);
    const evaluations = await core.store.listEvaluations({ runId: run.id });
    const last = new Map(againstStart(evaluations).map(([base, later]) => [later.suiteName, [base, later] as const]));
    const { suites } = run.spec.evaluate;
    const place = ({ suiteId, suiteName }: EvaluationRecord) =>
      suites.findIndex((suite) => suite === suiteName || suite === suiteId);
    const inOrder = [...last.values()].sort(([, a], [, b]) => (place(a) >>> 0) - (place(b) >>> 0));
    for (const [base, later] of inOrder) {
      const isOutputs = later.suiteKind === 'outputs' && hasScoresAlone(later);
      if (later.right + later.wrong === 0 && !isOutputs) continue;
      const comparison = await comparisons.ready(base.id, later.id, usualRule(base, later), part);
      pairs.push({ run, suiteName: later.suiteName, isOutputs, comparison });
    }
  }
  return pairs;
}

async function curve({ core }: PartsContext, runs: readonly RunRecord[], name: string): Promise<ReportChart[]> {
  const series: ReportChart['series'] = [];
  for (const run of runs) {
    const [found] = await core.store.runMetrics(run.id, { names: [name], points: curvePoints });
    const points = (found?.steps ?? []).flatMap((step, i) => {
      const y = found?.values[i];
      return y === undefined || y === null || !Number.isFinite(y)
        ? []
        : [{ x: step, y, low: null, high: null, label: `step ${step}` }];
    });
    if (points.length > 0) series.push({ name: run.name, points });
  }
  return series.length === 0
    ? []
    : [{ title: name, xLabel: 'step', yLabel: name, yIsShare: /rate|accuracies/.test(name), series }];
}

/** A line for each run and one for interpolated weights, all from the point before training on. */
function frontierChart(suiteName: string, paths: readonly EvaluatedPath[]): ReportChart[] {
  const series = paths.map(({ name, points: along }) => ({ name, points: along.map(chartPoint) }));
  if (series.length === 0) return [];
  series.push(...floorSeries(paths));
  return [
    { title: `Reward against negative flips on ${suiteName}`, xLabel: 'reward', yLabel: 'NFR', yIsShare: true, series },
  ];
}

/** A level line: what two samplings of the old model make of the same outputs. */
function floorSeries(paths: readonly EvaluatedPath[]): ReportChart['series'] {
  const points = paths.flatMap((path) => path.points);
  const floor = points.find((point) => point.floor !== null)?.floor ?? null;
  if (floor === null) return [];
  const rewards = points.flatMap(({ reward }) => reward ?? []);
  const ends = [Math.min(...rewards), Math.max(...rewards)];
  const label = 'two samplings of the old model';
  return [
    { name: 'floor (A/A)', points: ends.map((x) => ({ x, y: floor.nfr, low: floor.low, high: floor.high, label })) },
  ];
}

function chartPoint(point: FrontierPoint): ReportChart['series'][number]['points'][number] {
  const { reward, nfr } = point;
  return { x: reward ?? 0, y: nfr?.value ?? 0, low: nfr?.low ?? null, high: nfr?.high ?? null, label: labelOf(point) };
}
