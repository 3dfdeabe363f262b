import type { Matrix, MatrixRow } from '../../shared/contract/views.ts';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import type { Core } from '../core.ts';

type Column = Matrix['columns'][number];

/**
 * Runs and checkpoints × metrics. NFR is against the evaluation before training where that comparison has been made; of a model
 * without a run, such as one interpolated from checkpoints, against the one it was compared with. The table is read often, so it
 * builds no comparison itself.
 */
export async function matrix({ store }: Core): Promise<Matrix> {
  const [evaluations, runs, models, comparisons] = await Promise.all([
    store.listEvaluations(),
    store.listRuns(),
    store.listModels(),
    store.listComparisons(),
  ]);
  const runNames = new Map(runs.map((run) => [run.id, run.name]));
  const modelNames = new Map<string, string>(models.map((model) => [model.id, model.name]));
  const nfr = nfrByEvaluation(evaluations, comparisons);
  const columns = new Map<string, Column>();
  const rows = new Map<string, MatrixRow>();
  for (const evaluation of evaluations) {
    const name =
      (evaluation.runId === null ? modelNames.get(evaluation.modelId ?? '') : runNames.get(evaluation.runId)) ??
      evaluation.name;
    const row = rowFor(rows, evaluation, name);
    row.evaluationIds[evaluation.suiteName] ??= evaluation.id;
    for (const [metric, value] of metricsOf(evaluation, nfr)) {
      const key = `${evaluation.suiteName} · ${metric}`;
      columns.set(key, { key, suite: evaluation.suiteName, metric, better: metric === 'NFR' ? 'lower' : 'higher' });
      row.cells[key] ??= value;
    }
  }
  return { columns: [...columns.values()].sort(bySuiteAndMetric), rows: [...rows.values()].sort(byRunAndStep) };
}

function rowFor(rows: Map<string, MatrixRow>, evaluation: EvaluationRecord, runName: string): MatrixRow {
  const { runId, checkpointId, modelId, step } = evaluation;
  const key = runId === null ? `model ${modelId ?? evaluation.id}` : `${runId} ${step ?? ''}`;
  const row = rows.get(key) ?? { runId, runName, checkpointId, step, evaluationIds: {}, cells: {} };
  rows.set(key, row);
  return row;
}

function metricsOf(evaluation: EvaluationRecord, nfr: ReadonlyMap<string, number>): [string, number][] {
  const judged = evaluation.right + evaluation.wrong;
  const flips = nfr.get(evaluation.id);
  return [
    ...(judged === 0 ? [] : [['accuracy', evaluation.right / judged] satisfies [string, number]]),
    ...(evaluation.meanScore === null ? [] : [['score', evaluation.meanScore] satisfies [string, number]]),
    ...(flips === undefined ? [] : [['NFR', flips] satisfies [string, number]]),
  ];
}

function nfrByEvaluation(
  evaluations: readonly EvaluationRecord[],
  comparisons: readonly ComparisonRecord[],
): Map<string, number> {
  const steps = new Map<string, EvaluationRecord>(evaluations.map((evaluation) => [evaluation.id, evaluation]));
  const rates = new Map<string, number>();
  for (const { state, rule, counts, leftEvaluationId, rightEvaluationId } of comparisons) {
    const left = steps.get(leftEvaluationId);
    const right = steps.get(rightEvaluationId);
    if (state !== 'ready' || rule.kind !== 'verdict' || left?.step !== 0 || right === undefined) continue;
    const isMadeModel = right.runId === null && right.modelId !== null;
    if (left.runId !== right.runId && !isMadeModel) continue;
    const { n, negative } = ratesOf(counts);
    if (n > 0) rates.set(rightEvaluationId, negative / n);
  }
  return rates;
}

const metricOrder = ['NFR', 'accuracy', 'score'];
/** A suite's columns are together, in one order whatever was evaluated first. */
function bySuiteAndMetric(a: Column, b: Column): number {
  const bySuite = a.suite.localeCompare(b.suite, 'en', { numeric: true });
  return bySuite || metricOrder.indexOf(a.metric) - metricOrder.indexOf(b.metric);
}

function byRunAndStep(a: MatrixRow, b: MatrixRow): number {
  return a.runName.localeCompare(b.runName, 'en', { numeric: true }) || (a.step ?? 0) - (b.step ?? 0);
}
