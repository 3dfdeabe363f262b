import type { EvaluationRecord, ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import type { ReportStudyTable } from '../../shared/domain/reports/report-model.ts';
import { isAnswered } from '../../shared/domain/evaluations.ts';
import { methodOfRun } from '../../shared/presentation/methods.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import { rewardSuiteNames } from '../comparing/frontier.ts';
import type { Core } from '../core.ts';
import type { Task } from '../supervision/task.ts';
import { curveTablesOf } from './curve-tables.ts';
import { startOf } from './points.ts';
import { readPlace, startPlace } from './read-paths.ts';
import type { Evaluated, SplitNames, StudyPath } from './read-paths.ts';

/** A run with what was evaluated from its start to its end. */
interface Measured {
  run: RunRecord;
  /** By share of the way; 0 and 1 are the run's own evaluations, those between are of interpolated weights. */
  at: ReadonlyMap<number, readonly EvaluationRecord[]>;
}

/**
 * Runs curve against curve, as a study sets its methods: those that were evaluated before training, on weights between, and at their
 * end, on the same suites. Null where there are not two methods of one model with a path each. Runs that a guard set held are left out:
 * they are checked on what they were trained on.
 */
export async function runCurves(
  core: Core,
  comparisons: Comparisons,
  runs: readonly RunRecord[],
  task: Task,
): Promise<ReportStudyTable | null> {
  const { store } = core;
  const [evaluations, models] = await Promise.all([store.listEvaluations(), store.listModels()]);
  const measured: Measured[] = [];
  for (const run of runs.filter(({ guardSetId }) => guardSetId === null)) {
    const checkpoints = new Set<string>((await store.listCheckpoints(run.id)).map(({ id }) => id));
    const one = measuredOf(run, evaluations, models, checkpoints);
    if (one !== null && run.modelId === (measured[0]?.run.modelId ?? run.modelId)) measured.push(one);
  }
  const names = await namesOf(core, measured);
  if (names === null) return null;
  const model = (await store.getModel(measured[0]?.run.modelId ?? ''))?.name ?? '';
  const paths: StudyPath[] = [];
  for (const one of measured) {
    const path = await pathOf(comparisons, one, model, names, task);
    if (path !== null) paths.push(path);
  }
  const methods = [...Map.groupBy(paths, ({ method }) => method)].map(([name, own]) => ({
    name,
    tried: settingsIn(own),
  }));
  const reference = ['DPO', 'PPO'].find((name) => methods.some((one) => one.name === name)) ?? methods[0]?.name;
  if (reference === undefined || methods.length < 2) return null;
  return curveTablesOf(core, { model, paths, reference, lowerRate: '', methods, names });
}

function measuredOf(
  run: RunRecord,
  evaluations: readonly EvaluationRecord[],
  models: readonly ModelRecord[],
  checkpoints: ReadonlySet<string>,
): Measured | null {
  const own = evaluations.filter(({ runId, step }) => runId === run.id && step !== null);
  const last = Math.max(0, ...own.map(({ step }) => step ?? 0));
  const at = new Map<number, EvaluationRecord[]>([
    [0, own.filter(({ step }) => step === 0)],
    [1, own.filter(({ step }) => step === last)],
  ]);
  const end = own.find(({ step, checkpointId }) => step === last && checkpointId !== null)?.checkpointId ?? null;
  for (const { id, recipe } of models) {
    const [target, ...others] = recipe?.models ?? [];
    if (recipe === undefined || target === undefined || others.length > 0 || recipe.parts.length > 0) continue;
    if (recipe.method !== 'linear' || recipe.fraction <= 0 || recipe.fraction >= 1) continue;
    if (recipe.base.id !== run.modelId || !checkpoints.has(target.id)) continue;
    if (end !== null && target.id !== end) continue;
    const there = evaluations.filter(({ modelId, runId }) => modelId === id && runId === null);
    if (there.length > 0) at.set(recipe.fraction, [...(at.get(recipe.fraction) ?? []), ...there]);
  }
  return last === 0 || at.size < 3 ? null : { run, at };
}

/** Suites that every run has at every place: what is told right from wrong, sampled rewards, greedy rewards. */
async function namesOf({ store }: Core, measured: readonly Measured[]): Promise<SplitNames | null> {
  const places = measured.flatMap(({ at }) => [...at.values()]);
  const everywhere = (suite: string) => places.every((there) => there.some(({ suiteName }) => suiteName === suite));
  const suites = (await store.listSuites()).filter(({ name }) => everywhere(name));
  const rewards = rewardSuiteNames(suites);
  const rated = suites.filter(({ name, kind }) => rewards.includes(name) && isAnswered(kind));
  const sampled = rated.find(({ decoding }) => (decoding?.temperature ?? 0) > 0);
  const greedy = rated.find(({ decoding }) => (decoding?.temperature ?? 0) === 0);
  if (measured.length < 2 || (sampled === undefined && greedy === undefined)) return null;
  const samplesOf = (suite: string) =>
    Math.max(0, ...places.flat().flatMap(({ suiteName, samples }) => (suiteName === suite ? samples : [])));
  // The one with most samples first: its intervals are the narrowest.
  const judged = suites
    .filter(({ name, kind }) => !rewards.includes(name) && kind !== 'pairs')
    .map(({ name }) => name)
    .sort((a, b) => samplesOf(b) - samplesOf(a));
  // Old output against new output, prompt by prompt.
  const outputs = sampled?.kind === 'outputs' ? [sampled.name] : [];
  const flips = [...judged, ...outputs];
  return { flips, sampledReward: sampled?.name ?? null, greedyReward: greedy?.name ?? null };
}

async function pathOf(
  comparisons: Comparisons,
  { run, at }: Measured,
  model: string,
  names: SplitNames,
  task: Task,
): Promise<StudyPath | null> {
  const evaluated: Evaluated = ({ fraction }, suite) =>
    at.get(fraction)?.findLast(({ suiteName }) => suiteName === suite) ?? null;
  const method = methodOfRun(run);
  const { seed } = run.spec;
  const place = { phase: 'test', model, method, candidate: 0, seed, fraction: 1 } as const;
  const points = [];
  for (const fraction of [...at.keys()].filter((one) => one > 0).sort((a, b) => a - b)) {
    const point = await readPlace(comparisons, names, { ...place, fraction }, evaluated, task);
    if (point === null) return null;
    points.push(point);
  }
  const [first] = points;
  const start = first === undefined ? null : startPlace(startOf(place), first, names, evaluated);
  return start === null ? null : { model, method, candidate: 0, seed, run, points: [start, ...points] };
}

/** Settings that were tried of a method, whatever the seed. */
function settingsIn(paths: readonly StudyPath[]): number {
  const settings = paths.flatMap(({ run }) =>
    run === null ? [] : [JSON.stringify({ ...run.spec, name: '', seed: 0 })],
  );
  return new Set(settings).size;
}
