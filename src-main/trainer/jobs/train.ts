import * as path from 'node:path';
import type { DataOrder } from '../../engine/data/order.ts';
import { samplesOfPass, stepsForEpochs } from '../../engine/data/order.ts';
import { FlipLimit } from '../../engine/flip-limit.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import type { Objective } from '../../engine/objectives/objective.ts';
import { AdamW } from '../../engine/optim/adamw.ts';
import type { HalfPrecision } from '../../engine/ports.ts';
import { createRandom } from '../../engine/random.ts';
import { openTokenizer } from '../patterns.ts';
import { trainingLoop, type TrainingState } from '../../engine/train-loop.ts';
import { betaOf } from '../../shared/domain/algorithms.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { drawnSuites } from '../../shared/domain/evaluations.ts';
import type { TrainJob } from '../../shared/domain/jobs.ts';
import type { TrainerEvent, TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import { withPlace } from '../../shared/domain/run-failure.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { hashFile, hashOfFiles } from '../../system/file-sums.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import { goesOnFrom, newestWhole } from '../checkpoint-folder.ts';
import { BatchNoteFile } from '../batch-note.ts';
import { keptAnswers } from '../cached-tokens.ts';
import { EventFile } from '../event-file.ts';
import type { JobContext } from '../job-context.ts';
import { openKeptEvaluations } from '../kept-evaluations.ts';
import type { KeptEvaluations } from '../kept-evaluations.ts';
import { savingPhase } from '../messages.ts';
import { loadWeights } from '../loading.ts';
import { openFolder } from '../node-folders.ts';
import { hashModel, openNumberCache } from '../number-cache.ts';
import type { Reporter } from '../reporter.ts';
import { Checkpoints, restoreOptimizer } from './checkpoints.ts';
import { halfFor } from './memory.ts';
import { NotedOrder } from './noted-order.ts';
import { openObjective } from './objectives.ts';
import { loadPolicy } from './policy.ts';
import { liveReference, Reference } from './reference.ts';
import { sampleWeights } from './sample-weights.ts';
import { SuiteRunner } from './suites.ts';

/** A training run, from its folder's last checkpoint or from the start. */
export async function runTrainJob(job: TrainJob, context: JobContext, reporter: Reporter): Promise<void> {
  const { spec } = job;
  const limit = spec.limits.maxNfr === undefined ? null : new FlipLimit(spec.limits.maxNfr);
  const announced = new Map<number, string>();
  const observe = (event: TrainerEvent) => {
    if (event.type === 'checkpoint') announced.set(event.checkpoint.step, hashOfFiles(event.checkpoint.sha256));
    if (event.type === 'evaluation-batch' && event.mark.step === 0) limit?.observe(event.mark, event.results);
  };
  const events = await EventFile.open(path.join(job.runFolder, 'events.ndjson'), observe);
  reporter.writeTo(events);
  refuseDisagreement(job, events);

  const checkpoints = new Checkpoints(job.runFolder, spec.checkpoint.keep);
  const newest = await checkpoints.open(job.resume ? await resumeStep(job, announced, context) : null);
  const tokenizer = await openTokenizer(openFolder(job.modelPath));
  const policy = await loadPolicy(spec, tokenizer, job.modelPath, newest?.folder ?? null, context);
  const half = halfFor(spec, context);
  if (half !== null) policy.computeInHalf(half);
  const reference = openReference(job, context, newest === null ? policy : null, half);
  const objective = await openObjective(
    { job, context, policy, tokenizer, reference },
    await readJsonLines<DatasetRow>(job.trainRowsPath),
  );
  const suites = await SuiteRunner.open(job.suites, tokenizer, policy.config.maxPositions, context, {
    reference: spec.algorithm.kind === 'reward' ? null : reference,
    beta: betaOf(spec.algorithm),
    rewardModelPath: job.rewardModelPath,
    old: spec.evaluate.kl === true ? await beforeTraining({ job, context, policy, reference }) : undefined,
    start: newest === null ? startResults(job, context, policy) : null,
  });
  reference.forgetTwin();

  const optimizer = new AdamW(objective.trainable, spec.optimizer, context.ops);
  if (newest !== null) {
    await restoreOptimizer(optimizer, objective, newest.folder, newest.state.optimizerSteps);
    objective.restore(newest.state.objective);
  }
  const weights = sampleWeights(job.trainSources, objective.sampleIds);
  const totalSteps = totalStepsOf(spec, objective, weights);
  const started = startedEvent(context, policy, objective, totalSteps, newest?.state ?? null);
  await context.emit({ ...started, inputs: await hashInputs(job) });
  const loop = trainingLoop({
    spec,
    objective,
    optimizer,
    order: openOrder(job, objective, weights, newest?.state ?? null),
    totalSteps,
    startStep: newest?.state.step ?? 0,
    ops: context.ops,
    clock: { nowMs: () => performance.now(), processorMs },
    control: context.control,
    breathe: () => context.breathe(),
    evaluate: (step) => suites.run(policy, tokenizer, step),
    saveCheckpoint: async (state) => {
      await context.emit({ type: 'progress', phase: savingPhase, done: 0, total: 1, etaMs: null });
      return checkpoints.save(policy, job.modelPath, optimizer, objective, state);
    },
    limit,
    lastCheckpointStep: newest?.state.step ?? null,
    lastEvaluationStep: newest?.state.evaluatedAt ?? null,
  });
  for await (const event of loop) {
    await context.emit(event.type === 'failed' ? { ...event, error: withPlace(event.error, event) } : event);
    if (event.type === 'checkpoint') await checkpoints.removeOld();
  }
}

/** What the record says; of a run whose folder is its only record what that has announced, and what is passed over is said in it. */
async function resumeStep(
  { record, runFolder }: TrainJob,
  announced: ReadonlyMap<number, string>,
  context: JobContext,
): Promise<number | null> {
  if (record !== undefined) return record.checkpoint;
  const { step, damages } = await newestWhole(runFolder, announced);
  const said = damages.length === 0 ? [] : [...damages, goesOnFrom(step)];
  for (const message of said) await context.emit({ type: 'log', level: 'warning', message });
  return step;
}

/** The owner has brought file and store to one record: where they differ now, somebody else writes here. */
function refuseDisagreement({ record, runFolder }: TrainJob, { lastSeq }: EventFile): void {
  if (record === undefined || record.lastSeq === lastSeq) return;
  throw new WorkbenchError(
    'conflict',
    `The events of ${runFolder} end with ${lastSeq}, and the workspace knows them up to ${record.lastSeq}.`,
    { remedy: 'Make sure that no other program writes to the run folder, then resume the run.' },
  );
}

/** The policy stands in for its own reference until the first step. */
function openReference(
  job: TrainJob,
  context: JobContext,
  freshPolicy: CausalLm | null,
  half: HalfPrecision | null,
): Reference {
  const twin = job.referencePath === undefined && job.spec.algorithm.kind !== 'reward' ? freshPolicy : null;
  return new Reference(job.referencePath ?? job.modelPath, openNumberCache(job.cacheFolder), context, twin, half);
}

/** The model before training, live next to the policy: under an adapter its plain weights are in memory anyway. */
async function beforeTraining(inputs: Parameters<typeof liveReference>[0] & { job: TrainJob; context: JobContext }) {
  const { job, context, policy } = inputs;
  const isReference = policy.adapter !== null || job.referencePath === undefined;
  const plain = { ...inputs, job: {} };
  const model = isReference ? await liveReference(plain) : await loadWeights(job.modelPath, context);
  const modelHash = isReference
    ? () => inputs.reference.modelHash()
    : async () => `${await hashModel(job.modelPath)} ${context.backend.name}`;
  const answersTo = keptAnswers(openNumberCache(job.cacheFolder), modelHash);
  return { model, answersTo, suiteIds: drawnSuites(job.suites).map(({ id }) => id), onlyAfterStart: true };
}

/** What runs of the same weights have in common: their evaluations before training. */
function startResults(job: TrainJob, context: JobContext, policy: CausalLm): KeptEvaluations | null {
  const isPlain = policy.adapter === null && job.spec.algorithm.kind !== 'reward';
  if (job.keptFolder === undefined || !isPlain) return null;
  return openKeptEvaluations(job.keptFolder, async () =>
    JSON.stringify([await hashModel(job.modelPath), context.backend, policy.half !== null]),
  );
}

function stepSizeOf(spec: RunSpec): number {
  return spec.batch.size * spec.batch.accumulation;
}

/** `weights`: of a mixture, how often each sample is seen in one pass. */
export function totalStepsOf(
  spec: RunSpec,
  objective: Pick<Objective, 'lengths'>,
  weights?: readonly number[],
): number {
  const samples = weights === undefined ? objective.lengths.length : samplesOfPass(weights, 0).length;
  return spec.steps ?? stepsForEpochs(samples, stepSizeOf(spec), spec.epochs ?? 1);
}

function openOrder(
  { spec, runFolder }: TrainJob,
  objective: Objective,
  weights: readonly number[] | undefined,
  state: TrainingState | null,
): DataOrder {
  const { shuffle, groupByLength } = spec.batch;
  const options = {
    lengths: objective.lengths,
    stepSize: stepSizeOf(spec),
    shuffle,
    groupByLength,
    ...(weights === undefined ? {} : { weights }),
  };
  return new NotedOrder([options, createRandom(spec.seed, 'shuffle'), state?.data], {
    file: new BatchNoteFile(runFolder),
    sampleIds: objective.sampleIds,
    madeSteps: state?.step ?? 0,
  });
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function hashInputs({
  trainRowsPath,
  guardRowsPath,
  guardSuite,
}: TrainJob): Promise<{ trainRows: string; guardRows?: string }> {
  const trainRows = await hashFile(trainRowsPath);
  const guard = guardRowsPath ?? guardSuite?.itemsPath;
  return guard === undefined ? { trainRows } : { trainRows, guardRows: await hashFile(guard) };
}

function startedEvent(
  context: JobContext,
  policy: CausalLm,
  objective: Objective,
  totalSteps: number,
  state: TrainingState | null,
): Extract<TrainerEventBody, { type: 'started' }> {
  const count = (variables: Iterable<{ size: number }>) => [...variables].reduce((sum, { size }) => sum + size, 0);
  return {
    type: 'started',
    backend: context.backend,
    totalSteps,
    resumedAtStep: state?.step ?? null,
    parameters: count(policy.parameters.values()),
    trainable: count(objective.trainable.values()),
  };
}
