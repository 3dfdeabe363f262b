import { reportModel } from '../../shared/domain/reports/report-model.ts';
import type { ReportComparison, ReportModel, ReportParts } from '../../shared/domain/reports/report-model.ts';
import type { EvaluationRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Correction } from '../../shared/domain/statistics/multiple-tests.ts';
import { comparisonFindings } from '../../reports/findings.ts';
import { negativeFlipUnder } from '../../shared/presentation/rules.ts';
import { againstStart, usualRule } from '../runs/flip-meter.ts';
import type { Task } from '../supervision/task.ts';
import { comparisonParts, shownAlone } from './comparison-parts.ts';
import type { LongCase, PartsContext } from './comparison-parts.ts';
import { groundsOf } from './facts.ts';
import type { ReportRequest, RowsOf } from './reports.ts';
import { runParts } from './run-parts.ts';
import { studyParts } from './study-parts.ts';
import { comparisonName } from '../../shared/presentation/names.ts';
import { studyAnswer } from '../../shared/presentation/study-answer.ts';

export interface AssembledReport {
  model: ReportModel;
  /** What CSV, JSON, NDJSON and Parquet list; null for a study, whose rows are its measured points. */
  rowsOf: RowsOf | null;
  /** Cases of the model whose texts are shortened. */
  long: LongCase[];
}

const sort = { column: 'sampleId', direction: 'ascending' } as const;

/** Collects everything a report says about its subject. */
export async function assembleReport(
  context: PartsContext,
  { subject, title, correction = 'holm' }: Pick<ReportRequest, 'subject' | 'title' | 'correction'>,
  task: Task,
): Promise<AssembledReport> {
  const asked = { title, correction };
  if (subject.kind === 'study') return studyReport(context, subject.studyId, asked, task);
  if (subject.kind === 'comparison') return comparisonReport(context, subject.comparisonId, asked, task);
  return runsReport(context, subject.kind === 'run' ? [subject.runId] : subject.runIds, asked, task);
}

interface Asked {
  title: string | undefined;
  correction: Correction;
}

async function comparisonReport(
  context: PartsContext,
  comparisonId: string,
  { title, correction }: Asked,
  task: Task,
): Promise<AssembledReport> {
  const comparison = await context.comparisons.get(comparisonId);
  const { evaluations, long, ...parts } = await comparisonParts(
    context,
    comparison,
    { ...shownAlone, correction },
    task,
  );
  const model = await completed(context, evaluations, {
    ...parts,
    correction,
    title: title ?? comparisonName(comparison.leftName, comparison.rightName),
    question: `Which samples did ${comparison.rightName} get worse on than ${comparison.leftName}? Counted as a negative flip: ${negativeFlipUnder(comparison.rule)}.`,
    subject: { kind: 'comparison', ids: [comparison.id] },
    answer: parts.comparisons
      .slice(0, 1)
      .flatMap((one) => comparisonFindings({ ...one, decoding: null, noiseFloor: null }).slice(0, 3)),
  });
  return { model, rowsOf: { comparisonId, filter: {}, sort }, long };
}

async function runsReport(
  context: PartsContext,
  runIds: readonly string[],
  { title, correction }: Asked,
  task: Task,
): Promise<AssembledReport> {
  const runs: RunRecord[] = [];
  for (const id of runIds) {
    const run = await context.core.store.getRun(id);
    if (run === null) throw new WorkbenchError('not-found', `There is no run ${id}.`);
    runs.push(run);
  }
  const { evaluations, long, ...parts } = await runParts(context, runs, correction, task);
  const names = runs.map(({ name }) => name).join(', ');
  const model = await completed(context, evaluations, {
    ...parts,
    correction,
    title: title ?? (runs.length === 1 ? names : `${runs.length} runs`),
    question:
      runs.length === 1
        ? `What did ${names} break that worked before training, and what did it repair?`
        : `What did ${names} break that worked before training, and does the guard do better than simply training less?`,
    subject: { kind: runs.length === 1 ? 'run' : 'runs', ids: [...runIds] },
  });
  return { model, rowsOf: await rowsOfRuns(context, runs), long };
}

async function studyReport(
  context: PartsContext,
  studyId: string,
  { title, correction }: Asked,
  task: Task,
): Promise<AssembledReport> {
  const { study, evaluations, ...parts } = await studyParts(context, studyId, task);
  const grounds = await groundsOf(context.core, evaluations, context.version);
  const model = reportModel({
    ...grounds,
    ...parts,
    provenance: [...(parts.provenance ?? []), ...grounds.provenance],
    setup: parts.setup,
    correction,
    createdAt: new Date().toISOString(),
    title: title ?? `Study: ${study.name}`,
    question:
      'Which method flips less than another that has moved as far, each with its own path from the old weights?',
    answer: studyAnswer(parts.studies ?? []),
    subject: { kind: 'study', ids: [study.id] },
  });
  return { model, rowsOf: null, long: [] };
}

async function completed(
  { core, version }: PartsContext,
  evaluations: readonly EvaluationRecord[],
  parts: Omit<ReportParts, 'createdAt'>,
): Promise<ReportModel> {
  const grounds = await groundsOf(core, evaluations, version);
  const provenance = [...grounds.provenance, ...howCounted(parts.comparisons ?? [], evaluations)];
  return reportModel({ ...parts, ...grounds, provenance, createdAt: new Date().toISOString() });
}

/** By which rule each suite's flips were counted, and how its answers were decoded. */
function howCounted(
  comparisons: readonly ReportComparison[],
  evaluations: readonly EvaluationRecord[],
): ReportModel['provenance'] {
  const facts = comparisons.flatMap(({ summary, decoding }) => {
    const judged = evaluations.find(({ id }) => id === summary.right.id);
    const suite = judged?.suiteName ?? '';
    const undecoded = judged?.importId === null ? 'none: given texts are scored' : 'not recorded in what was imported';
    return [
      { label: `Suite ${suite}, rule`, value: negativeFlipUnder(summary.rule) },
      { label: `Suite ${suite}, decoding`, value: decoding ?? undecoded },
    ];
  });
  return [...new Map(facts.map((fact) => [`${fact.label}${fact.value}`, fact])).values()];
}

/** The rows of a run are those of its largest suite, after against before. */
async function rowsOfRuns({ core, comparisons }: PartsContext, runs: readonly RunRecord[]): Promise<RowsOf> {
  const pairs = [];
  for (const run of runs) pairs.push(...againstStart(await core.store.listEvaluations({ runId: run.id })));
  const [largest] = pairs.sort(([, a], [, b]) => b.samples - a.samples || (b.step ?? 0) - (a.step ?? 0));
  if (largest === undefined) throw new WorkbenchError('bad-input', 'There are no evaluations to list.');
  const comparison = await comparisons.open(largest[0].id, largest[1].id, usualRule(...largest));
  return { comparisonId: comparison.id, filter: {}, sort };
}
