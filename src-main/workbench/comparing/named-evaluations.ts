import type { CheckpointRecord, EvaluationRecord, ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { findByNameOrNull } from '../workspace/names.ts';
import { findWeights } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';

export async function pairOf(
  core: Core,
  left: string,
  right: string,
  suite: string | undefined,
): Promise<[EvaluationRecord, EvaluationRecord]> {
  const all = await core.store.listEvaluations();
  const wanted = (evaluation: EvaluationRecord) => suite === undefined || evaluation.suiteName === suite;
  const lefts = (await candidates(core, all, left)).filter(wanted);
  const rights = (await candidates(core, all, right)).filter(wanted);
  const [first] = matching(lefts, rights);
  if (first !== undefined) return first;
  // Two evaluations that were named themselves are compared whatever their suites are called.
  const [oneLeft, oneRight] = [lefts[0], rights[0]];
  if (lefts.length === 1 && rights.length === 1 && oneLeft && oneRight) return [oneLeft, oneRight];
  const on = suite === undefined ? 'have no suite in common' : `were not both evaluated on “${suite}”`;
  throw new WorkbenchError('bad-input', `“${left}” and “${right}” ${on}.`, {
    remedy: 'Evaluate both on one suite (flipguard evaluate … --suite S), or name two evaluations.',
  });
}

export async function pairsOf(
  core: Core,
  left: string,
  right: string,
  suite: string | undefined,
): Promise<[EvaluationRecord, EvaluationRecord][]> {
  const all = await core.store.listEvaluations();
  const wanted = (evaluation: EvaluationRecord) => suite === undefined || evaluation.suiteName === suite;
  const lefts = (await candidates(core, all, left)).filter(wanted);
  const rights = (await candidates(core, all, right)).filter(wanted);
  const suites = new Set<string>();
  const pairs = matching(lefts, rights).filter(([, { suiteName }]) => !suites.has(suiteName) && suites.add(suiteName));
  return pairs.length > 0 ? pairs : [await pairOf(core, left, right, suite)];
}

/** The one evaluation that is meant: by its name, or the newest of a run, a checkpoint or a model on a suite. */
export async function oneEvaluation(core: Core, text: string, suite: string | undefined): Promise<EvaluationRecord> {
  const all = await candidates(core, await core.store.listEvaluations(), text);
  const [found, ...others] = suite === undefined ? all : all.filter(({ suiteName }) => suiteName === suite);
  if (found === undefined) {
    throw new WorkbenchError('not-found', `“${text}” was not evaluated on “${suite}”.`, {
      remedy: `It was on: ${[...new Set(all.map(({ suiteName }) => suiteName))].join(', ')}.`,
    });
  }
  const more = new Set([found, ...others].map(({ suiteName }) => suiteName));
  if (more.size === 1) return found;
  throw new WorkbenchError('bad-input', `“${text}” was evaluated on several suites: ${[...more].join(', ')}.`, {
    remedy: 'Choose one with --suite.',
  });
}

/** Pairs of one suite, each right candidate with the left one that is meant. */
function matching(
  lefts: readonly EvaluationRecord[],
  rights: readonly EvaluationRecord[],
): [EvaluationRecord, EvaluationRecord][] {
  return rights.flatMap((candidate): [EvaluationRecord, EvaluationRecord][] => {
    const matches = lefts.filter((other) => other.suiteName === candidate.suiteName && other.id !== candidate.id);
    // A model stands for the start of each run it began: of these the run's own is meant.
    const match = matches.find(({ runId }) => runId !== null && runId === candidate.runId) ?? matches[0];
    return match === undefined ? [] : [[match, candidate]];
  });
}

/** The evaluations a word can stand for, newest first; those of a run are those of its newest evaluated step. */
async function candidates(core: Core, all: readonly EvaluationRecord[], text: string): Promise<EvaluationRecord[]> {
  const named = findByNameOrNull('evaluation', all, text);
  if (named !== null) return [named];
  const imported = await ofImport(core, all, text);
  if (imported.length > 0) return imported;
  const runs = await core.store.listRuns();
  const run = findByNameOrNull('run', runs, text);
  if (run !== null) return requireSome(newestOfRun(all, run), `run “${run.name}”`);
  const atStep = atStepOf(all, runs, text);
  if (atStep.length > 0) return newestFirst(atStep);
  const weights = await findEvaluated(core, text);
  const found =
    weights.kind === 'model'
      ? all.filter((evaluation) => isOfModel(evaluation, weights.model, runs))
      : all.filter((evaluation) => isOf(evaluation, weights.checkpoint));
  return requireSome(newestFirst(found), weights.label);
}

/** What an import of that name brought: the tasks of a folder. */
async function ofImport(core: Core, all: readonly EvaluationRecord[], text: string): Promise<EvaluationRecord[]> {
  const imports = (await core.store.listImports()).filter(({ name, undoneAt }) => name === text && undoneAt === null);
  return all.filter(({ importId }) => imports.some(({ id }) => id === importId));
}

/** `RUN@STEP`, whether or not a checkpoint was kept there: step 0 has none. */
function atStepOf(all: readonly EvaluationRecord[], runs: readonly RunRecord[], text: string): EvaluationRecord[] {
  const [, name, step] = /^(.+)@(\d+)$/.exec(text) ?? [];
  const run = name === undefined ? null : findByNameOrNull('run', runs, name);
  return all.filter((evaluation) => evaluation.runId === run?.id && evaluation.step === Number(step));
}

async function findEvaluated(core: Core, text: string): Promise<Weights> {
  try {
    return await findWeights(core, text);
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'not-found') throw error;
    const place = /@\d+$/.test(text) ? error.message : `There is no evaluation, run, checkpoint or model “${text}”.`;
    throw new WorkbenchError('not-found', place, { remedy: 'flipguard list evals lists the evaluations.' });
  }
}

/** Evaluated by itself, or as the start of a run. */
function isOfModel(evaluation: EvaluationRecord, model: ModelRecord, runs: readonly RunRecord[]): boolean {
  if (evaluation.runId === null) return evaluation.modelId === model.id;
  const run = runs.find(({ id }) => id === evaluation.runId);
  return evaluation.step === 0 && (run?.spec.model === model.id || run?.spec.model === model.name);
}

function newestOfRun(all: readonly EvaluationRecord[], run: RunRecord): EvaluationRecord[] {
  const own = all.filter((evaluation) => evaluation.runId === run.id);
  return own.sort((a, b) => (b.step ?? 0) - (a.step ?? 0) || b.createdAt - a.createdAt);
}

function isOf(evaluation: EvaluationRecord, checkpoint: CheckpointRecord): boolean {
  return (
    evaluation.checkpointId === checkpoint.id ||
    (evaluation.runId === checkpoint.runId && evaluation.step === checkpoint.step)
  );
}

function newestFirst(evaluations: EvaluationRecord[]): EvaluationRecord[] {
  return evaluations.sort((a, b) => b.createdAt - a.createdAt);
}

function requireSome(evaluations: EvaluationRecord[], what: string): EvaluationRecord[] {
  if (evaluations.length > 0) return evaluations;
  throw new WorkbenchError('not-found', `There is no evaluation of ${what} yet.`, {
    remedy: 'Make one with flipguard evaluate … --suite S.',
  });
}
