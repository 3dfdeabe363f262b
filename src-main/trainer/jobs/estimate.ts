import { openTokenizer } from '../patterns.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { shapeOf } from '../../engine/models/shape.ts';
import type { Objective } from '../../engine/objectives/objective.ts';
import { AdamW } from '../../engine/optim/adamw.ts';
import { disposeGradients, globalNorm } from '../../engine/optim/gradients.ts';
import { samplesOfPass, stepsForEpochs } from '../../engine/data/order.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { EstimateJob, TrainJob } from '../../shared/domain/jobs.ts';
import { estimateMemory } from '../../shared/domain/memory-estimate.ts';
import type { Estimate } from '../../shared/domain/trainer-events.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import type { JobContext } from '../job-context.ts';
import { openFolder } from '../node-folders.ts';
import { noCache } from '../number-cache.ts';
import { checkpointingFor, halfFor } from './memory.ts';
import { openObjective } from './objectives.ts';
import { loadPolicy } from './policy.ts';
import { Reference } from './reference.ts';
import { sampleWeights } from './sample-weights.ts';

/** Steps that are timed, after one that warms up on the longest samples. */
const timedSteps = 2;
const stepsOfRows = 8;

/** Tries a few real steps on rows of the data and says what a run would take. */
export async function runEstimateJob(job: EstimateJob, context: JobContext): Promise<void> {
  const spec = withoutGuardInputs(job.spec);
  const rows = await readJsonLines<DatasetRow>(job.trainRowsPath);
  const stepSize = spec.batch.size * spec.batch.accumulation;
  const tokenizer = await openTokenizer(openFolder(job.modelPath));
  const policy = await loadPolicy(spec, tokenizer, job.modelPath, null, context);
  const half = halfFor(spec, context);
  if (half !== null) policy.computeInHalf(half);
  const reference = new Reference(job.modelPath, noCache, context, policy);
  const inputs = { job: asTrainJob(job, spec), context, policy, tokenizer, reference };
  const objective = await openObjective(inputs, spread(rows, stepsOfRows * stepSize));
  const trial = await tryStepSeconds(objective, spec, stepSize, context);
  const estimate: Estimate = {
    ...memoryOf(context, policy, objective, spec),
    secondsPerStep: trial * guardFactor(job.spec),
    steps: spec.steps ?? stepsForEpochs(samplesSeen(rows, job), stepSize, spec.epochs ?? 1),
  };
  const memoryBasis = context.backend.name.endsWith('cpu')
    ? 'memory is the highest this process reached'
    : 'memory is computed from weights, optimiser and the longest batch';
  const guardBasis = guardFactor(job.spec) === 1 ? '' : ', and half as much again for the guard’s own pass';
  estimate.basis = `Time is the mean of ${timedSteps} real steps on ${context.backend.device}${guardBasis}; ${memoryBasis}. Evaluations and reference log-probs come on top.`;
  await context.emit({ type: 'estimate', estimate });
}

/** Samples of one pass, as often as a mixture's weights say. */
function samplesSeen(rows: readonly DatasetRow[], { trainSources }: EstimateJob): number {
  const weights = sampleWeights(
    trainSources,
    rows.map(({ id }) => id),
  );
  return weights === undefined ? rows.length : samplesOfPass(weights, 0).length;
}

/** Evenly over the data, so that lengths are typical. */
function spread<Row>(rows: readonly Row[], count: number): Row[] {
  if (rows.length <= count) return [...rows];
  return Array.from({ length: count }, (_, i) => rows[Math.floor((i * rows.length) / count)] as Row);
}

async function tryStepSeconds(
  objective: Objective,
  spec: RunSpec,
  stepSize: number,
  context: JobContext,
): Promise<number> {
  const optimizer = new AdamW(objective.trainable, spec.optimizer, context.ops);
  const all = objective.lengths.map((_, i) => i);
  const longestFirst = [...all].sort((a, b) => (objective.lengths[b] as number) - (objective.lengths[a] as number));
  let seconds = 0;
  for (let step = 0; step <= timedSteps; step++) {
    await context.breathe();
    context.control.throwIfStopping();
    const start = step === 0 ? 0 : ((step - 1) * stepSize) % all.length;
    const indices = (step === 0 ? longestFirst : all).slice(start, start + stepSize);
    const startedMs = performance.now();
    await objective.step({ indices, microBatchSize: spec.batch.size, step: step + 1 }, async (gradients) => {
      const norm = globalNorm(gradients, context.ops);
      await norm.data();
      norm.dispose();
      optimizer.update(gradients, spec.optimizer.learningRate);
      disposeGradients(gradients);
    });
    if (step > 0) seconds += (performance.now() - startedMs) / 1000;
  }
  optimizer.dispose();
  return seconds / timedSteps;
}

function memoryOf(
  context: JobContext,
  policy: CausalLm,
  objective: Objective,
  spec: RunSpec,
): { memoryBytes: number; basis: string } {
  // `maxRSS` is in KiB.
  if (context.backend.name.endsWith('cpu')) return { memoryBytes: process.resourceUsage().maxRSS * 1024, basis: '' };
  return { memoryBytes: computedBytes(policy, objective, spec, context), basis: '' };
}

/** Of the step alone: a device has no program of ours in its memory, and evaluations come on top. */
function computedBytes(policy: CausalLm, objective: Objective, spec: RunSpec, context: JobContext): number {
  const longest = Math.min(spec.batch.maxLength, Math.max(...objective.lengths));
  return estimateMemory(spec, shapeOf(policy.config), {
    half: policy.half !== null,
    checkpointing: checkpointingFor(spec, policy, longest, context),
    fused: context.ops.fused !== undefined,
    longest,
    decoding: null,
    processBytes: { idle: 0, working: 0 },
  }).peakBytes;
}

/** A guard with pairs passes over one response a pair where its targets are not the chosen ones: half of a step again, if all fire. */
function guardFactor({ algorithm, guard }: RunSpec): number {
  const isTried = guard.kind === 'none' || guard.kind === 'flip-hinge' || guard.target === 'chosen';
  return algorithm.kind === 'dpo' && !isTried ? 1.5 : 1;
}

/** Guard sets and pre-samples are drawn at launch; the trial has none. */
function withoutGuardInputs(spec: RunSpec): RunSpec {
  return spec.guard.target === 'chosen' || spec.guard.kind === 'flip-hinge'
    ? spec
    : { ...spec, guard: { ...spec.guard, kind: 'none' } };
}

function asTrainJob(job: EstimateJob, spec: RunSpec): TrainJob {
  const { modelPath, trainRowsPath } = job;
  return {
    kind: 'train',
    runId: 'estimate',
    spec,
    modelPath,
    trainRowsPath,
    suites: [],
    runFolder: '',
    cacheFolder: '',
    resume: false,
    ...(job.rewardModelPath === undefined ? {} : { rewardModelPath: job.rewardModelPath }),
    ...(job.guardSuite === undefined ? {} : { guardSuite: job.guardSuite }),
  };
}
