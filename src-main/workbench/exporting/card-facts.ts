import type { ModelRecord, ReportRecord, RunRecord } from '../../shared/domain/entities.ts';
import { methodDetailOfRun } from '../../shared/presentation/methods.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import type { CardFacts } from '../hub/card.ts';
import { findWeights } from '../models/weights.ts';
import { flipMeter } from '../runs/flip-meter.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { Task } from '../supervision/task.ts';
import { existing } from '../workspace/names.ts';

type Sources = { core: Core; comparisons: Comparisons };
type Facts = Omit<CardFacts, 'title' | 'kind' | 'load'>;

/** What the card of weights says: of a checkpoint its run, of a model where it comes from. */
export async function factsOfWeights(sources: Sources, name: string, task: Task): Promise<Facts & { title: string }> {
  const weights = await findWeights(sources.core, name);
  if (weights.kind === 'checkpoint') {
    const { checkpoint, run, label } = weights;
    return { title: label, ...(await factsOfRun(sources, run, checkpoint.step, task)) };
  }
  const { model } = weights;
  const base = model.baseId === undefined ? model : ((await sources.core.store.getModel(model.baseId)) ?? model);
  return { title: weights.label, base: namesOf(base), data: [], method: null, settings: [], flips: [] };
}

/** What the card of a report says: of its run, or of the two sides that it compares. */
export async function factsOfReport(sources: Sources, { subject }: ReportRecord, task: Task): Promise<Facts> {
  const { store } = sources.core;
  const none: Facts = { base: null, data: [], method: null, settings: [], flips: [] };
  switch (subject.kind) {
    case 'run':
      return factsOfRun(sources, existing('run', await store.getRun(subject.runId), subject.runId), null, task);
    case 'comparison': {
      const comparison = existing('comparison', await store.getComparison(subject.comparisonId), subject.comparisonId);
      const [old, now] = await Promise.all([
        store.getEvaluation(comparison.leftEvaluationId),
        store.getEvaluation(comparison.rightEvaluationId),
      ]);
      if (old === null || now === null) return none;
      const { counts } = await sources.comparisons.ready(old.id, now.id, comparison.rule, task);
      const flips = [flipRow(now.suiteName, `${old.name} → ${now.name}`, ratesOf(counts))];
      const run = now.runId === null ? null : await store.getRun(now.runId);
      const trained = run === null ? none : await factsOfRun(sources, run, null, task);
      return { ...trained, flips };
    }
    default:
      return none;
  }
}

async function factsOfRun(sources: Sources, run: RunRecord, step: number | null, task: Task): Promise<Facts> {
  const { core, comparisons } = sources;
  const [models, datasets] = await Promise.all([core.store.listModels(), core.store.listDatasets()]);
  const base = models.find(({ id }) => id === run.modelId);
  const inputs = await runFolder(core.layout, run)
    .readInputs()
    .catch(() => null);
  const trained = inputs?.sources?.map(({ datasetId }) => datasetId) ?? [run.datasetId];
  const points = await flipMeter(core, comparisons, run.id, task);
  const last = step ?? Math.max(0, ...points.map((point) => point.step));
  const { spec } = run;
  return {
    base: base === undefined ? null : namesOf(base),
    data: datasets
      .filter(({ id }) => trained.includes(id))
      .map(({ name, rows, sha256, licence }) => ({ name, rows, sha256, licence: licence ?? null })),
    method: methodDetailOfRun(run),
    settings: [
      ['steps', `${step ?? run.step} of ${run.totalSteps ?? 'an unknown number'}`],
      ['learning rate', String(spec.optimizer.learningRate)],
      ['batch', `${spec.batch.size * spec.batch.accumulation} samples, ${spec.batch.maxLength} tokens at most`],
      ['seed', String(spec.seed)],
    ],
    flips: points
      .filter((point) => point.step === last)
      .map((point) => flipRow(point.suiteName, 'before training', point)),
  };
}

function flipRow(
  suite: string,
  against: string,
  {
    n,
    negative,
    positive,
    nfr,
  }: { n: number; negative: number; positive: number; nfr: CardFacts['flips'][number]['nfr'] },
): CardFacts['flips'][number] {
  return { suite, against, n, negative, positive, nfr: { value: nfr.value, low: nfr.low, high: nfr.high } };
}

function namesOf({ name, source }: ModelRecord): NonNullable<CardFacts['base']> {
  return { name, repository: source?.repository ?? null };
}
