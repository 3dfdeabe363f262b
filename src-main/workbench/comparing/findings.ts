import type { Findings } from '../../shared/contract/views.ts';
import type { EvaluationRecord, ReportRecord, RunRecord } from '../../shared/domain/entities.ts';
import { methodOfRun } from '../../shared/presentation/methods.ts';
import { titleOfComparison } from '../../shared/presentation/names.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import { plural } from '../../shared/presentation/words.ts';
import { comparisonFindings } from '../../reports/findings.ts';
import type { Core } from '../core.ts';
import { againstStart, usualRule } from '../runs/flip-meter.ts';
import { partOf, quietTask } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { Comparisons } from './comparisons.ts';
import { lastDemo } from './demo-record.ts';
import type { DemoRecord } from './demo-record.ts';
import { guardQuestion, plainMethods, unguardedSentence } from './found-sentences.ts';
import { frontier, rewardSuiteNames } from './frontier.ts';
import { evaluatedPaths } from './method-paths.ts';
import { tellRuns } from './tell-runs.ts';

interface World {
  runs: readonly RunRecord[];
  evaluations: readonly EvaluationRecord[];
  reports: readonly ReportRecord[];
  demo: DemoRecord | null;
}

/** What a run came to next to those like it, or what was done last in the workspace. Null where nothing was found yet. */
export async function findings(
  core: Core,
  comparisons: Comparisons,
  runId: string | null,
  task: Task,
): Promise<Findings | null> {
  const [runs, evaluations, reports, demo] = await Promise.all([
    core.store.listRuns(),
    core.store.listEvaluations(),
    core.store.listReports(),
    lastDemo(core.store),
  ]);
  const world = { runs, evaluations, reports, demo };
  if (runId !== null) {
    const run = runs.find(({ id }) => id === runId);
    return run === undefined ? null : ofRuns(core, comparisons, world, run, false, task);
  }
  const run = newestRun(world);
  const imported = await newestImported(comparisons, world);
  if (imported !== null && imported.createdAt > (run?.endedAt ?? run?.createdAt ?? 0)) {
    return ofComparison(comparisons, imported.id, world);
  }
  return run === undefined ? null : ofRuns(core, comparisons, world, run, true, task);
}

function newestRun({ runs, evaluations }: World): RunRecord | undefined {
  const measured = runs.filter(({ id }) => againstStart(evaluations.filter(({ runId }) => runId === id)).length > 0);
  return measured.sort((a, b) => b.createdAt - a.createdAt)[0];
}

/** The newest comparison of answers that were brought in; those of runs are spoken of by their runs. */
async function newestImported(comparisons: Comparisons, { evaluations }: World) {
  const imported = new Set<string>(evaluations.filter(({ importId }) => importId !== null).map(({ id }) => id));
  const own = (await comparisons.list()).filter(
    ({ state, leftEvaluationId, rightEvaluationId, counts }) =>
      state === 'ready' && imported.has(leftEvaluationId) && imported.has(rightEvaluationId) && ratesOf(counts).n > 0,
  );
  return own.sort((a, b) => b.createdAt - a.createdAt)[0] ?? null;
}

async function ofComparison(comparisons: Comparisons, comparisonId: string, { reports }: World): Promise<Findings> {
  const comparison = await comparisons.get(comparisonId);
  const summary = await comparisons.summary(comparisonId);
  const report = reports.find(
    ({ subject, format }) =>
      format === 'html' && subject.kind === 'comparison' && subject.comparisonId === comparisonId,
  );
  return {
    title: titleOfComparison(comparison),
    question: null,
    sentences: comparisonFindings({ summary, noiseFloor: null, decoding: null }).slice(0, 3),
    details: [],
    table: null,
    matched: null,
    suiteName: null,
    points: [],
    next: [lostSamples(comparisonId, summary.negativeFlips, 'sample'), ...readReport(report)],
    demo: false,
  };
}

async function ofRuns(
  core: Core,
  comparisons: Comparisons,
  world: World,
  asked: RunRecord,
  home: boolean,
  task: Task,
): Promise<Findings | null> {
  const group = groupOf(world, asked);
  const rewards = rewardSuiteNames(await core.store.listSuites());
  const pairs = againstStart(world.evaluations.filter(({ runId }) => runId === asked.id)).filter(
    ([, later]) => later.right + later.wrong > 0 || later.suiteKind === 'outputs',
  );
  // What the preference trains towards is no check of what it broke, where there is another.
  const checks = pairs.filter(([, { suiteName }]) => !rewards.includes(suiteName));
  const widest = [...(checks.length > 0 ? checks : pairs)].sort(([, a], [, b]) => b.samples - a.samples)[0];
  if (widest === undefined) return null;
  const [, { suiteName, suiteKind }] = widest;
  const points = await frontier(core, comparisons, suiteName, undefined, partOf(task, 0, 0.8), ofGroup(world, group));
  const paths = evaluatedPaths(points, group.runs);
  // Home speaks of the run without a guard, which is what the others are held against.
  const subject = home ? (plainRun(group.runs) ?? asked) : asked;
  const told = await tellRuns(
    core,
    comparisons,
    { runs: group.runs, subject, paths, points, suiteName },
    partOf(task, 0.8, 1),
  );
  if (told === null) return null;
  const negative = told.now.counts?.negative ?? 0;
  const pair = againstStart(world.evaluations.filter(({ runId }) => runId === subject.id)).find(
    ([, { id }]) => id === told.now.evaluationId,
  );
  const comparison =
    pair === undefined
      ? null
      : await comparisons.ready(pair[0].id, pair[1].id, usualRule(...pair), quietTask(task.signal));
  return {
    title: titleOf(group),
    question: group.demo === null ? null : guardQuestion,
    sentences: told.guarded ? told.sentences : [...told.sentences, ...unguardedSentence(negative)],
    details: told.details,
    table: told.table,
    matched: told.matched,
    suiteName,
    points,
    next: [
      ...(comparison === null ? [] : [lostSamples(comparison.id, negative, suiteKind === 'words' ? 'word' : 'sample')]),
      ...readReport(reportOn(world, group)),
    ],
    demo: group.demo !== null,
  };
}

/** The newest run without a guard, of the plain method where there is one. */
function plainRun(runs: readonly RunRecord[]): RunRecord | undefined {
  const unguarded = runs.filter(({ spec }) => spec.guard.kind === 'none');
  return unguarded.findLast((run) => plainMethods.includes(methodOfRun(run))) ?? unguarded.at(-1);
}

interface Group {
  runs: RunRecord[];
  demo: DemoRecord | null;
}

/** Runs that can be set against each other: of one demo, else those that train the same model on the same rows. Oldest first. */
function groupOf({ runs, demo }: World, asked: RunRecord): Group {
  const inOrder = [...runs].sort((a, b) => a.createdAt - b.createdAt);
  if (demo?.runIds.includes(asked.id) === true) {
    return { runs: inOrder.filter(({ id }) => demo.runIds.includes(id)), demo };
  }
  const same = ({ modelId, spec }: RunRecord) =>
    modelId === asked.modelId && JSON.stringify(spec.dataset.train) === JSON.stringify(asked.spec.dataset.train);
  return { runs: inOrder.filter((run) => same(run) && demo?.runIds.includes(run.id) !== true), demo: null };
}

/** Evaluations of the group, and of the weights that were mixed while it was made. */
function ofGroup({ evaluations }: World, { runs, demo }: Group): (evaluation: EvaluationRecord) => boolean {
  const ids = new Set(runs.map(({ id }) => id));
  const from = Math.min(...runs.map(({ createdAt }) => createdAt));
  const to = demo?.endedAt ?? Infinity;
  // The oldest start is what mixed weights are counted against.
  const start = evaluations.findLast(({ step }) => step === 0)?.id;
  return ({ id, runId, createdAt }) =>
    id === start || (runId === null ? createdAt >= from && createdAt <= to : ids.has(runId));
}

function titleOf({ runs, demo }: Group): string {
  if (demo !== null) return demo.title;
  const [first, ...others] = runs;
  return others.length === 0
    ? (first?.name ?? '')
    : `${first?.name ?? ''} and ${plural(others.length, 'more run', 'more runs')}`;
}

function lostSamples(comparisonId: string, count: number, what: string): Findings['next'][number] {
  const route = `/compare/${comparisonId}`;
  if (count === 0) return { label: 'See all samples', route };
  return { label: `See the ${plural(count, `lost ${what}`)}`, route: `${route}?kind=negative` };
}

function readReport(report: ReportRecord | undefined): Findings['next'] {
  return report === undefined ? [] : [{ label: 'Read the report', route: `/reports/${report.id}` }];
}

function reportOn({ reports }: World, { runs, demo }: Group): ReportRecord | undefined {
  const ids: string[] = runs.map(({ id }) => id);
  const about = ({ subject }: ReportRecord) =>
    subject.kind === 'run'
      ? ids.includes(subject.runId)
      : subject.kind === 'runs' && subject.runIds.every((id) => ids.includes(id));
  return reports.find(({ id }) => id === demo?.reportId) ?? reports.find((one) => one.format === 'html' && about(one));
}
