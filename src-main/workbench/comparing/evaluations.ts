import { hash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { endpointFamily, endpointFile, endpointSchema } from '../../shared/domain/endpoints.ts';
import type {
  CheckpointRecord,
  EvaluationRecord,
  ImportRecord,
  ModelRecord,
  RunRecord,
  SuiteRecord,
} from '../../shared/domain/entities.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { betaOf, usualBeta } from '../../shared/domain/algorithms.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { EvaluateJob, SuiteFile } from '../../shared/domain/jobs.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import type { Ingest, IngestOutcome, NewRecord } from '../../store/api.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { Core } from '../core.ts';
import { existing, findByName, findByNameOrNull, freeName } from '../workspace/names.ts';
import { inside } from '../workspace/inside.ts';
import { suiteFile } from '../runs/prepare.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import type { Task } from '../supervision/task.ts';
import { baseFolder, evaluatedFolder, findWeights, weightsFolder } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { evaluationName, weightsName } from '../../shared/presentation/names.ts';

export interface EvaluateOptions {
  name?: string | undefined;
  /** Of sampled decoding: two evaluations of one checkpoint under different seeds are its noise floor. */
  seed?: number | undefined;
  /** `pairs`: judge by implicit reward against these weights (a model, checkpoint or run), with this beta. */
  reference?: string | undefined;
  beta?: number | undefined;
  /** The model is what this run began with: the evaluation is the run’s, before training. */
  startOf?: RunRecord | undefined;
  /** Called with what the evaluation has to say to a person: what got no verdict, and why. */
  say?: ((sentence: string) => void) | undefined;
}

/** Of implicit rewards where no DPO run says otherwise; the same as during training. */

export interface Evaluations {
  list(filter?: { runId?: string; checkpointId?: string; suiteId?: string }): Promise<EvaluationRecord[]>;
  /** Runs a suite on a run's newest checkpoint, a checkpoint or a model (each by name or id), to the end. */
  evaluate(target: string, suite: string, options: EvaluateOptions, task: Task): Promise<EvaluationRecord>;
  /**
   * The two evaluations that a comparison's words stand for. A word names an evaluation, or a run, checkpoint or model,
   * which stands for its newest evaluation on the suite both have.
   */
  pair(left: string, right: string, suite?: string): Promise<[EvaluationRecord, EvaluationRecord]>;
  /** All such pairs, one per suite that both sides have: a folder of several tasks against another. */
  pairs(left: string, right: string, suite?: string): Promise<[EvaluationRecord, EvaluationRecord][]>;
  remove(evaluationId: string): Promise<void>;
}

export function createEvaluations(core: Core): Evaluations {
  const { store, bus } = core;
  return {
    list: (filter) => store.listEvaluations(filter),
    async evaluate(target, suiteName, options, task) {
      const suite = findByName('suite', await store.listSuites(), suiteName);
      const weights = await findWeights(core, target);
      const job = await evaluateJob(core, weights, suite, options, task);
      const { startOf } = options;
      const label = startOf === undefined ? weights.label : weightsName(startOf.name, 0);
      const name = options.name ?? freeName(await store.listEvaluations(), evaluationName(label, suite.name));
      const id = await ingestEvaluation(core, job, { name, suite, weights, startOf }, options.say, task);
      bus.publish({ topic: 'changed', lists: ['evaluations'] });
      return existing('evaluation', await store.getEvaluation(id), id);
    },
    pair: (left, right, suite) => pairOf(core, left, right, suite),
    pairs: (left, right, suite) => pairsOf(core, left, right, suite),
    async remove(evaluationId) {
      await store.removeEvaluation(evaluationId);
      bus.publish({ topic: 'changed', lists: ['evaluations', 'comparisons'] });
    },
  };
}

async function evaluateJob(
  core: Core,
  weights: Weights,
  suite: SuiteRecord,
  options: EvaluateOptions,
  task: Task,
): Promise<EvaluateJob> {
  const file = await suiteFile(core, suite);
  const reward = await rewardModelFolder(core, suite, task);
  return {
    kind: 'evaluate',
    modelPath: await evaluatedFolder(core, weights, task),
    suites: [withSeed(file, options.seed)],
    ...journalOf(core, weights, suite, options),
    ...(await referenceOf(core, weights, { ...options, ...startReference(weights, suite, options) }, task)),
    ...(reward === null ? {} : { rewardModelPath: reward }),
  };
}

/** Before training every implicit reward is 0: pairs are held against the model itself, as they are in a run of our own. */
function startReference(
  weights: Weights,
  suite: SuiteRecord,
  { startOf }: EvaluateOptions,
): Pick<EvaluateOptions, 'reference' | 'beta'> {
  if (startOf === undefined || weights.kind !== 'model' || suite.kind !== 'pairs') return {};
  return { reference: weights.model.id, beta: betaOf(startOf.spec.algorithm) };
}

/** The same question to the same server goes on where a try before it ended. */
function journalOf(
  { layout }: Core,
  weights: Weights,
  suite: SuiteRecord,
  { seed }: EvaluateOptions,
): Pick<EvaluateJob, 'journalPath'> {
  if (weights.kind !== 'model' || weights.model.family !== endpointFamily) return {};
  const asked = [weights.model.sha256, suite.sha256, suite.kind, suite.decoding, suite.delimiter, seed, suite.repeats];
  const name = hash('sha256', JSON.stringify(asked), 'hex');
  return { journalPath: inside(layout.cache, 'answers', `${name}.ndjson`) };
}

/** Pairs of a checkpoint are judged by its implicit reward against the start of its run, as they were during training. */
async function referenceOf(
  core: Core,
  weights: Weights,
  { reference, beta }: EvaluateOptions,
  task: Task,
): Promise<Pick<EvaluateJob, 'referencePath' | 'beta'>> {
  if (reference !== undefined) {
    const referencePath = await weightsFolder(core, await findWeights(core, reference), task);
    return { referencePath, beta: beta ?? usualBeta };
  }
  if (weights.kind === 'model' || weights.run.spec.algorithm.kind === 'reward') return {};
  // Trained elsewhere from a model that is not here: pairs are judged by their plain log-probs.
  if (weights.run.modelId === elsewhere) return {};
  const { algorithm } = weights.run.spec;
  return {
    referencePath: await baseFolder(core, weights.run, task),
    beta: betaOf(algorithm),
  };
}

async function rewardModelFolder(core: Core, suite: SuiteRecord, task: Task): Promise<string | null> {
  if (suite.scorer?.kind !== 'reward-model') return null;
  return weightsFolder(core, await findWeights(core, suite.scorer.model), task);
}

function withSeed(suite: SuiteFile, seed: number | undefined): SuiteFile {
  if (seed === undefined || suite.decoding === undefined) return suite;
  return { ...suite, decoding: { ...suite.decoding, seed } };
}

/** Runs the job and stores what it says; nothing is left of an evaluation that did not end. */
async function ingestEvaluation(
  core: Core,
  job: EvaluateJob,
  head: { name: string; suite: SuiteRecord; weights: Weights; startOf: RunRecord | undefined },
  say: EvaluateOptions['say'],
  task: Task,
): Promise<string> {
  const { name, suite, weights, startOf } = head;
  const checkpoint = weights.kind === 'checkpoint' ? weights.checkpoint : null;
  const ingest = await core.store.beginEvaluation({
    name,
    suiteId: suite.id,
    suiteName: suite.name,
    modelId: weights.kind === 'model' ? weights.model.id : weights.run.modelId,
    runId: checkpoint?.runId ?? startOf?.id ?? null,
    checkpointId: checkpoint?.id ?? null,
    step: checkpoint?.step ?? (startOf === undefined ? null : 0),
    decoding: suite.decoding ?? null,
    import: job.journalPath === undefined ? null : await serverImport(job, name),
  });
  try {
    const outcome: IngestOutcome = {};
    await runTrainerJob(core, job, withoutDevice(job, task), (events) => {
      for (const event of events) if (event.type === 'log') say?.(event.message);
      return takeResults(ingest, outcome, events);
    });
    const id = await ingest.commit(outcome);
    if (job.journalPath !== undefined) await rm(job.journalPath, { force: true });
    return id;
  } catch (error) {
    await ingest.abandon();
    throw error;
  }
}

/** A server computes what is asked of it; waiting for the device that it may have itself would never end. */
function withoutDevice({ journalPath, rewardModelPath }: EvaluateJob, task: Task): Task {
  if (journalPath === undefined || rewardModelPath !== undefined) return task;
  return { ...task, device: { release: () => Promise.resolve() } };
}

async function takeResults(
  ingest: Ingest<SampleResult>,
  outcome: IngestOutcome,
  events: readonly TrainerEvent[],
): Promise<void> {
  for (const event of events) {
    if (event.type === 'evaluation-batch') await ingest.push(event.results);
    if (event.type !== 'evaluation-done') continue;
    outcome.summary = event.summary;
    if (event.server !== undefined) outcome.import = serverFacts(event.server);
  }
}

/** What a server answered came from elsewhere: its evaluation keeps from where, under which fingerprint, and what could not be controlled. */
async function serverImport(job: EvaluateJob, name: string): Promise<NewRecord<ImportRecord>> {
  const { url, model } = endpointSchema.parse(
    JSON.parse(await readFile(path.join(job.modelPath, endpointFile), 'utf8')),
  );
  return {
    target: 'evaluation',
    name,
    source: `${url} · ${model}`,
    sha256: '',
    tool: 'endpoint',
    toolVersion: null,
    accepted: 0,
    rejected: 0,
    problems: [],
    undoneAt: null,
  };
}

function serverFacts({
  fingerprint,
  uncontrolled,
}: {
  fingerprint: string | null;
  uncontrolled: readonly string[];
}): NonNullable<IngestOutcome['import']> {
  const problems = uncontrolled.map((reason) => ({ reason: `not controlled: ${reason}`, count: 1, firstLines: [] }));
  return { toolVersion: fingerprint, problems };
}

async function pairOf(
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

async function pairsOf(
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
    throw new WorkbenchError('not-found', place, { remedy: 'flipguard list evals names the evaluations there are.' });
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
    remedy: 'flipguard evaluate … --suite S makes one.',
  });
}
