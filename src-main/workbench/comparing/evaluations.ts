import { isAnswered, usualFromPosition, usualMinWordLength } from '../../shared/domain/evaluations.ts';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { endpointFamily, endpointFile, endpointSchema } from '../../shared/domain/endpoints.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import type { EvaluationRecord, ImportRecord, RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { betaOf, usualBeta } from '../../shared/domain/algorithms.ts';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import type { Ingest, IngestOutcome, NewRecord } from '../../store/api.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { Core } from '../core.ts';
import { existing, findByName, freeName } from '../workspace/names.ts';
import { suiteFile } from '../runs/prepare.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import type { Measure } from '../../shared/domain/measures.ts';
import { unknownMeasure } from '../../shared/domain/measures.ts';
import type { Task } from '../supervision/task.ts';
import { baseFolder, evaluatedPlace, findWeights, weightsFolder } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { evaluationName, weightsName } from '../../shared/presentation/names.ts';
import { pairOf, pairsOf } from './named-evaluations.ts';
import { journalFile, rewardModelFolder, servedJob, withSeed } from './served-job.ts';

export interface EvaluateOptions {
  name?: string | undefined;
  /** Of sampled decoding: two evaluations of one checkpoint under different seeds are its noise floor. */
  seed?: number | undefined;
  /** `pairs`: judge by implicit reward against these weights (a model, checkpoint or run), with this beta. */
  reference?: string | undefined;
  beta?: number | undefined;
  /** `generate`: also tell KL(old ‖ new) of these weights (a model, checkpoint or run) to the model, as `kl/pre`. */
  klFrom?: string | undefined;
  /** The model is what this run began with: the evaluation is the run’s, before training. */
  startOf?: RunRecord | undefined;
  /** A server that has these very weights is asked instead of loading them. */
  through?: Endpoint | undefined;
  /** Called with what the evaluation has to say to a person: what got no verdict, and why. */
  say?: ((sentence: string) => void) | undefined;
}

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
      const job =
        options.through === undefined
          ? await evaluateJob(core, weights, suite, options, task)
          : await servedJob(core, weights, suite, { ...options, through: options.through }, task);
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
  if (options.klFrom !== undefined) requireKlSuite(suite, weights);
  const old =
    options.klFrom === undefined ? null : await weightsFolder(core, await findWeights(core, options.klFrom), task);
  const reference = await referenceOf(core, weights, { ...options, ...startReference(weights, suite, options) }, task);
  const alsoLoaded = [reference.referencePath, old].filter((folder) => typeof folder === 'string');
  const { path: modelPath, ...onIt } = await evaluatedPlace(core, weights, alsoLoaded, task);
  return {
    ...{ kind: 'evaluate', modelPath, ...onIt },
    suites: [withSeed(file, options.seed)],
    ...journalOf(core, weights, suite, options),
    ...reference,
    ...(reward === null ? {} : { rewardModelPath: reward }),
    ...(old === null ? {} : { old: { path: old, suiteIds: [suite.id] } }),
  };
}

function requireKlSuite(suite: SuiteRecord, weights: Weights): void {
  const isServed = weights.kind === 'model' && weights.model.family === endpointFamily;
  if (isAnswered(suite.kind) && !isServed) return;
  throw new WorkbenchError(
    'unsupported',
    isServed
      ? `“${weights.label}” is a model behind a server: its KL to another model cannot be told.`
      : `The suite “${suite.name}” has no prompts to be answered (${suite.kind}), so no KL can be told on it.`,
    { remedy: 'Use weights that are in this workspace and a suite of the kind generate or outputs.' },
  );
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
  core: Core,
  weights: Weights,
  suite: SuiteRecord,
  { seed }: EvaluateOptions,
): Pick<EvaluateJob, 'journalPath'> {
  if (weights.kind !== 'model' || weights.model.family !== endpointFamily) return {};
  return { journalPath: journalFile(core, weights.model.sha256, suite, seed) };
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
    measure: sentMeasure(suite),
    import: job.journalPath === undefined ? null : await serverImport(job, name),
  });
  try {
    const outcome: IngestOutcome = {};
    let samples = 0;
    await runTrainerJob(core, job, withoutDevice(job, task), (events) => {
      for (const event of events) {
        if (event.type === 'log') say?.(event.message);
        if (event.type === 'evaluation-batch') samples += event.results.length;
      }
      return takeResults(ingest, outcome, events);
    });
    const id = await ingest.commit(outcome);
    if (job.journalPath !== undefined) await rm(job.journalPath, { force: true });
    if (samples === 0) say?.(noSamples(suite));
    return id;
  } catch (error) {
    await ingest.abandon();
    throw error;
  }
}

/** Words are asked for by the tokens of the model: only an evaluation tells that a suite has none. */
function noSamples({ name, kind, fromPosition, minWordLength }: SuiteRecord): string {
  if (kind !== 'words') return `“${name}” gave no sample.`;
  const letters = minWordLength ?? usualMinWordLength;
  return `“${name}” gave no sample: words of ${letters} letters or more are asked for from token ${fromPosition ?? usualFromPosition} of a text on, and its texts end before.`;
}

/** What left the machine stays with the evaluation: a judge's origin and model. */
function sentMeasure({ scorer }: SuiteRecord): Measure | null {
  if (scorer?.kind !== 'judge') return null;
  const origin = new URL(scorer.endpoint).origin;
  return { ...unknownMeasure, scorer: `judge ${scorer.model}`, notes: [`Prompts and answers went to ${origin}.`] };
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
