import type { FrontierPoint } from '../../shared/contract/views.ts';
import type { EvaluationRecord, ModelRecord, RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import type { ShownRate } from '../../shared/presentation/rates.ts';
import type { Comparisons } from './comparisons.ts';
import type { Core } from '../core.ts';
import { methodOfRun } from '../../shared/presentation/methods.ts';
import { hasScoresAlone, usualRule } from '../runs/flip-meter.ts';
import { outputFloorOf } from './output-floors.ts';
import { partOf } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { existing } from '../workspace/names.ts';

interface World {
  all: readonly EvaluationRecord[];
  runs: ReadonlyMap<string, RunRecord>;
  models: ReadonlyMap<string, ModelRecord>;
  /** Suites whose mean score is a reward: judged generations, before pairs. */
  rewardSuites: readonly string[];
}

/**
 * Every evaluation of one suite as a point of reward × negative flips × KL. Flips are counted against `baseEvaluationId`,
 * else against the same run before training; points without a base have no flips. Reward is the mean score of a judged
 * `generate` suite (lexicon, reward model or judge) at the same weights, else the mean margin of a `pairs` suite. `only` leaves
 * evaluations out.
 */
export async function frontier(
  core: Core,
  comparisons: Comparisons,
  suiteName: string,
  baseEvaluationId: string | undefined,
  task: Task,
  only: (evaluation: EvaluationRecord) => boolean = () => true,
): Promise<FrontierPoint[]> {
  const world = await readWorld(core);
  const shown = world.all.filter((evaluation) => evaluation.suiteName === suiteName && only(evaluation));
  const given = baseEvaluationId === undefined ? null : await requireEvaluation(core, baseEvaluationId);
  const points: FrontierPoint[] = [];
  for (const [i, evaluation] of shown.entries()) {
    const part = partOf(task, i / shown.length, (i + 1) / shown.length);
    part.progress(`evaluation ${i + 1} of ${shown.length}`, 0);
    const base = given ?? baseOf(world, evaluation);
    const flips = await flipsAgainst(core, comparisons, base?.id === evaluation.id ? null : base, evaluation, part);
    points.push({ ...(await gainOf(core, world, evaluation)), ...flips });
  }
  return points;
}

async function requireEvaluation({ store }: Core, id: string): Promise<EvaluationRecord> {
  return existing('evaluation', await store.getEvaluation(id), id);
}

async function readWorld({ store }: Core): Promise<World> {
  const [all, runs, models, suites] = await Promise.all([
    store.listEvaluations(),
    store.listRuns(),
    store.listModels(),
    store.listSuites(),
  ]);
  return {
    all,
    runs: new Map(runs.map((run) => [run.id, run])),
    models: new Map(models.map((model) => [model.id, model])),
    rewardSuites: rewardSuiteNames(suites),
  };
}

/** Suites whose mean score is what a preference trains towards: judged generations first, then pairs. */
export function rewardSuiteNames(suites: readonly SuiteRecord[]): string[] {
  const judged = suites.filter(
    ({ scorer }) => scorer !== undefined && ['lexicon', 'reward-model', 'judge'].includes(scorer.kind),
  );
  return [...judged, ...suites.filter(({ kind }) => kind === 'pairs')].map(({ name }) => name);
}

/**
 * The evaluation before training: of the same run; for weights made without training the oldest, so that a new run changes nothing
 * about what was counted.
 */
function baseOf(world: World, evaluation: EvaluationRecord): EvaluationRecord | null {
  const same = world.all.filter(({ suiteName }) => suiteName === evaluation.suiteName);
  if (evaluation.runId !== null) {
    return same.find(({ runId, step }) => runId === evaluation.runId && step === 0) ?? null;
  }
  const model = evaluation.modelId === null ? undefined : world.models.get(evaluation.modelId);
  if (model?.origin !== 'interpolated' && model?.origin !== 'merged') return null;
  return same.findLast(({ step }) => step === 0) ?? null;
}

/** What flips against the base bring. */
type Counted = 'nfr' | 'pfr' | 'counts' | 'floor';
const uncounted = { nfr: null, pfr: null, counts: null, floor: null };

/** A point without what it paid. */
async function gainOf(core: Core, world: World, evaluation: EvaluationRecord): Promise<Omit<FrontierPoint, Counted>> {
  const run = evaluation.runId === null ? undefined : world.runs.get(evaluation.runId);
  const model = evaluation.modelId === null ? undefined : world.models.get(evaluation.modelId);
  const judged = evaluation.right + evaluation.wrong;
  return {
    evaluationId: evaluation.id,
    runId: evaluation.runId,
    pathOf: await pathOf(core, model),
    runName: run?.name ?? model?.name ?? evaluation.name,
    method:
      run === undefined
        ? model?.origin === 'interpolated'
          ? 'interpolation'
          : model?.origin === 'merged'
            ? 'merging'
            : 'no training'
        : methodAt(run, evaluation),
    step: evaluation.step,
    seed: run?.spec.seed ?? null,
    checkpointId: evaluation.checkpointId,
    reward: rewardOf(world, evaluation),
    kl: klOf(world, evaluation) ?? (await klAt(core, evaluation)),
    accuracy: judged === 0 ? null : evaluation.right / judged,
  };
}

/** The run to whose checkpoint the weights lead. */
async function pathOf({ store }: Core, model: ModelRecord | undefined): Promise<string | null> {
  const target = model?.origin === 'interpolated' ? model.recipe?.models[0]?.id : undefined;
  return target === undefined ? null : ((await store.getCheckpoint(target))?.runId ?? null);
}

function methodAt(run: RunRecord, evaluation: EvaluationRecord): string {
  return evaluation.step === 0 ? 'before training' : methodOfRun(run);
}

/** Mean score on the first reward suite that the same weights were evaluated on. */
function rewardOf(world: World, evaluation: EvaluationRecord): number | null {
  const siblings = world.all.filter((other) => sameWeights(other, evaluation));
  for (const name of world.rewardSuites) {
    const score = siblings.find((other) => other.suiteName === name)?.meanScore;
    if (score !== undefined && score !== null) return score;
  }
  return null;
}

/** KL along the old model's answers, on whichever suite of the same weights told it. */
function klOf(world: World, evaluation: EvaluationRecord): number | null {
  const told = [evaluation, ...world.all.filter((other) => sameWeights(other, evaluation))];
  return told.find(({ summary }) => summary['kl/pre'] !== undefined)?.summary['kl/pre'] ?? null;
}

function sameWeights(a: EvaluationRecord, b: EvaluationRecord): boolean {
  if (a.runId !== b.runId) return false;
  return a.runId === null ? a.modelId !== null && a.modelId === b.modelId : a.step === b.step;
}

/** The training curve's KL at the step; 0 before training by definition. */
async function klAt(core: Core, { runId, step }: EvaluationRecord): Promise<number | null> {
  if (runId === null || step === null) return null;
  if (step === 0) return 0;
  const [series] = await core.store.runMetrics(runId, { names: ['kl/pre'], fromStep: 0, toStep: step, points: 1000 });
  return series?.values.at(-1) ?? null;
}

async function flipsAgainst(
  core: Core,
  comparisons: Comparisons,
  base: EvaluationRecord | null,
  evaluation: EvaluationRecord,
  task: Task,
): Promise<Pick<FrontierPoint, Counted>> {
  if (base === null || (evaluation.right + evaluation.wrong === 0 && !hasScoresAlone(evaluation))) return uncounted;
  const comparison = await comparisons.ready(base.id, evaluation.id, usualRule(base, evaluation), task);
  const { n, negative, positive, nfr, pfr } = ratesOf(comparison.counts);
  if (n === 0) return uncounted;
  const floor = evaluation.suiteKind === 'outputs' ? await outputFloorOf(core, comparison) : null;
  return { nfr: known(nfr), pfr: known(pfr), counts: { negative, positive, n }, floor };
}

/** Rates of what was counted; N is above 0 here. */
function known(rate: ShownRate): ShownRate & { value: number } {
  return { ...rate, value: rate.value ?? 0 };
}
