import type { RunRecord } from '../../shared/domain/entities.ts';
import type { MetricName } from '../../shared/domain/metrics.ts';
import type { ReportStudyTable } from '../../shared/domain/reports/report-model.ts';
import { workedInAll } from '../../shared/domain/run-clock.ts';
import { distinctWordPairs } from '../../shared/domain/statistics/diversity.ts';
import { matchCurves, matchedAxes } from '../../shared/domain/statistics/matched-curves.ts';
import type { MatchedAxis } from '../../shared/domain/statistics/matched-curves.ts';
import type { Core } from '../core.ts';
import { checksOf, curvesOf } from './read-paths.ts';
import type { SplitNames, StudyPath } from './read-paths.ts';

/** What is in the tables of one model. */
export interface CurveSubject {
  model: string;
  paths: readonly StudyPath[];
  reference: string;
  /** The method that is the control with a lower learning rate; empty where there is none. */
  lowerRate: string;
  methods: readonly { name: string; tried: number }[];
  names: SplitNames;
}

/** Methods curve against curve, every check at every axis that was measured, and the points it rests on. */
export async function curveTablesOf(
  core: Pick<Core, 'store'>,
  { model, paths, reference, lowerRate, methods, names }: CurveSubject,
): Promise<ReportStudyTable> {
  const references = [reference, ...(paths.some(({ method }) => method === lowerRate) ? [lowerRate] : [])];
  const checks = checksOf(names).map((check) => ({
    check,
    tables: references.flatMap((against) =>
      matchedAxes
        .filter((axis) => isMeasured(axis, paths))
        .map((axis) => {
          const table = matchCurves(
            curvesOf(paths, check, ({ method }) => method),
            { axis, reference: against },
          );
          return { ...table, shares: [...table.shares] };
        }),
    ),
  }));
  const points: ReportStudyTable['points'] = [];
  const diversity = diversities(core);
  for (const { method, seed, run, points: places } of paths) {
    const seconds = run === null ? null : await secondsOf(core, run.id);
    const processorSeconds = run === null ? null : await processorSecondsOf(core, run);
    for (const { fraction, along, sampled, counts } of places) {
      points.push({
        method,
        seed,
        fraction,
        sampledReward: along['sampled-reward'],
        greedyReward: along['greedy-reward'],
        kl: along.kl,
        counts: Object.entries(counts).map(([check, count]) => ({ check, ...count })),
        distinctPairs: sampled === null ? null : await diversity(sampled.id),
        seconds,
        processorSeconds,
      });
    }
  }
  return {
    model,
    reference,
    lowerRate,
    methods: methods.map(({ name, tried }) => ({
      method: name,
      tried,
      seeds: paths.filter(({ method }) => method === name).map(({ seed }) => seed),
    })),
    checks,
    points,
  };
}

async function secondsOf({ store }: Pick<Core, 'store'>, runId: string): Promise<number | null> {
  const worked = workedInAll(await store.runClock(runId), false, Date.now());
  return worked === 0 ? null : worked / 1000;
}

/** Of all steps of a run together, those done again after a crash included; null where a step does not say. */
async function processorSecondsOf({ store }: Pick<Core, 'store'>, { id, step }: RunRecord): Promise<number | null> {
  const name: MetricName = 'processor_seconds';
  const [series] = await store.runMetrics(id, { names: [name], points: Infinity });
  if (series === undefined || new Set(series.steps).size < step) return null;
  return series.values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** Of an evaluation's answers; each is read once, since all paths of a model begin with the same. */
function diversities({ store }: Pick<Core, 'store'>): (evaluationId: string) => Promise<number | null> {
  const known = new Map<string, number | null>();
  return async (evaluationId) => {
    const before = known.get(evaluationId);
    if (before !== undefined) return before;
    const texts: string[] = [];
    await store.streamSamples(evaluationId, async (samples) => {
      for (const { output, attempts } of samples) {
        texts.push(...(attempts ?? [{ output }]).flatMap((one) => one.output ?? []));
      }
    });
    const found = distinctWordPairs(texts);
    known.set(evaluationId, found);
    return found;
  };
}

/** A study asks for KL wherever it samples, so an axis without any value is one that nobody asked for. */
function isMeasured(axis: MatchedAxis, paths: readonly StudyPath[]): boolean {
  return paths.some(({ points }) => points.some(({ fraction, along }) => fraction > 0 && along[axis] !== null));
}
