import * as tf from '@tensorflow/tfjs-core';
import { deviceMemoryTaken } from '../../backends/index.ts';
import { generate } from '../../engine/decode/generate.ts';
import { scoreSequences } from '../../engine/data/score-sequences.ts';
import type { PreferenceSample } from '../../engine/data/tokenise.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { DpoObjective } from '../../engine/objectives/dpo.ts';
import { AdamW } from '../../engine/optim/adamw.ts';
import { disposeGradients } from '../../engine/optim/gradients.ts';
import { medianOf, tokensOfStep } from '../../shared/domain/benchmark.ts';
import type { BenchmarkMeasure, BenchmarkPair } from '../../shared/domain/benchmark.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { BenchmarkJob } from '../../shared/domain/jobs.ts';
import { runSpecSchema } from '../../shared/domain/run-spec.ts';
import type { JobContext } from '../job-context.ts';
import { openBenchmarkModel } from './benchmark-model.ts';
import { decodingOperations, stepOperations } from './benchmark-operations.ts';
import { measureProducts } from './benchmark-product.ts';
import { checkpointingFor, halfFor } from './memory.ts';

type Timed = Pick<
  BenchmarkMeasure,
  'firstSeconds' | 'seconds' | 'processorSeconds' | 'tokens' | 'operations' | 'checkpointing' | 'compiled'
>;

/** One kind of work on one model, in the process's own backend, as a run would do it. */
export async function runBenchmarkJob(job: BenchmarkJob, context: JobContext): Promise<void> {
  const spec = specOf(job);
  const half = halfFor(spec, context);
  const products = await measureProducts(job.load.product, half);
  const loadedAtMs = performance.now();
  const model = await openBenchmarkModel(job, spec, context.ops);
  if (half !== null) model.computeInHalf(half);
  const timed = await (job.work === 'decoding' ? decode : train)(job, model, context, loadedAtMs);
  const count = (variables: Iterable<{ size: number }>) => [...variables].reduce((sum, { size }) => sum + size, 0);
  const { name: backend, device, versions } = context.backend;
  const measure: BenchmarkMeasure = {
    ...{ backend, device, versions },
    parameters: count(model.parameters.values()),
    trained: job.work === 'decoding' ? 0 : count(model.trainable.values()),
    precision: half === null ? 'float32' : 'bf16',
    ...products,
    ...timed,
    memory: await deviceMemoryTaken(backend),
  };
  await context.emit({ type: 'benchmark', measure });
}

/** The spec that a run would have, so that what it chooses by itself is chosen here as well. */
function specOf({ work, load }: BenchmarkJob) {
  return runSpecSchema.parse({
    name: 'benchmark',
    model: 'benchmark',
    dataset: { train: 'benchmark' },
    algorithm: { kind: 'dpo' },
    tuning: { kind: work === 'lora' ? 'lora' : 'full' },
    batch: { size: load.pairs, maxLength: load.promptTokens + load.responseTokens },
    steps: load.steps,
  });
}

async function train(job: BenchmarkJob, model: CausalLm, context: JobContext, loadedAtMs: number): Promise<Timed> {
  const { load } = job;
  const spec = specOf(job);
  const { ops } = context;
  const samples = job.pairs.map(asSample);
  const sequences = (which: 'chosen' | 'rejected') => samples.map((sample) => sample[which]);
  const reference = {
    chosen: await scoreSequences(model, sequences('chosen'), { ops }),
    rejected: await scoreSequences(model, sequences('rejected'), { ops }),
  };
  const checkpointing = checkpointingFor(spec, model, load.promptTokens + load.responseTokens, context);
  if (spec.algorithm.kind !== 'dpo') throw new Error('a benchmark trains by DPO');
  const objective = new DpoObjective({
    ...{ model, samples, reference, spec: spec.algorithm, guard: null, ops, checkpointing },
    dropoutSeed: undefined,
  });
  const optimizer = new AdamW(objective.trainable, spec.optimizer, ops);
  const [weight] = [...objective.trainable.values()].slice(-1);
  let step = 0;
  const takeStep = async () => {
    const start = (step % load.batches) * load.pairs;
    step += 1;
    const indices = Array.from({ length: load.pairs }, (_, i) => start + i);
    const outcome = await objective.step({ indices, microBatchSize: load.pairs, step }, (gradients, _loss, norm) => {
      if (norm === undefined || !Number.isFinite(norm)) throw diverged(`the gradients’ norm is ${String(norm)}`);
      optimizer.update(gradients, spec.optimizer.learningRate);
      disposeGradients(gradients);
      return Promise.resolve();
    });
    // The update is over once a number of it can be read.
    if (weight !== undefined) await readOne(weight);
    return outcome.metrics.loss;
  };
  checkFirstLoss(await takeStep());
  for (let i = 1; i < 2 * load.batches; i++) {
    await context.breathe();
    await takeStep();
  }
  const firstSeconds = (performance.now() - loadedAtMs) / 1000;
  const times = await repeat(load.steps, takeStep, context);
  const compiled = objective.passes.compiled;
  optimizer.dispose();
  objective.dispose();
  return {
    ...times,
    ...{ firstSeconds, checkpointing, compiled },
    tokens: tokensOfStep(job.pairs, load),
    operations: stepOperations(model, samples) / load.batches,
  };
}

/** Before the first update the policy is its own reference: the loss of every pair is ln 2, whatever the weights are. */
function checkFirstLoss(loss: number | undefined): void {
  if (loss !== undefined && Math.abs(loss - Math.LN2) < 0.01) return;
  throw diverged(`the first loss is ${String(loss)}, where every pair’s is ln 2 = ${Math.LN2.toFixed(4)}`);
}

function diverged(what: string): WorkbenchError {
  return new WorkbenchError('diverged', `This device computes wrongly: ${what}.`, {
    remedy: 'Try another backend, such as FLIPGUARD_BACKEND=tensorflow-cpu, and update the driver.',
  });
}

async function decode(job: BenchmarkJob, model: CausalLm, context: JobContext, loadedAtMs: number): Promise<Timed> {
  const { load, pairs } = job;
  // No row may end before the others: the work is the same for everyone.
  model.config.eosTokenIds.length = 0;
  const prompts = Array.from({ length: load.rows }, (_, i) => pairs[i % pairs.length]!.prompt);
  const run = (maxNewTokens: number) =>
    generate(
      model,
      { decode: () => '' },
      prompts,
      { temperature: 0, maxNewTokens, seed: 0 },
      {
        batchSize: load.rows,
        ops: context.ops,
      },
    );
  await run(load.newTokens);
  const firstSeconds = (performance.now() - loadedAtMs) / 1000;
  const times = await repeat(3, () => run(load.newTokens), context);
  return {
    ...times,
    ...{ firstSeconds, checkpointing: false, compiled: 0 },
    tokens: load.rows * load.newTokens,
    operations: decodingOperations(model, load),
  };
}

/** Medians, by the clock and by the processor. */
async function repeat(
  times: number,
  work: () => Promise<unknown>,
  context: JobContext,
): Promise<Pick<Timed, 'seconds' | 'processorSeconds'>> {
  const seconds: number[] = [];
  const processor: number[] = [];
  for (let i = 0; i < times; i++) {
    await context.breathe();
    context.control.throwIfStopping();
    const [startedMs, before] = [performance.now(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    seconds.push((performance.now() - startedMs) / 1000);
    processor.push((user + system) / 1e6);
  }
  return { seconds: medianOf(seconds), processorSeconds: medianOf(processor) };
}

async function readOne(variable: tf.Variable): Promise<void> {
  const one = tf.tidy(() => tf.slice(tf.reshape(variable, [-1]), [0], [1]));
  await one.data();
  one.dispose();
}

function asSample({ prompt, chosen, rejected }: BenchmarkPair, index: number): PreferenceSample {
  const sequence = (response: number[]) => ({ ids: Int32Array.from([...prompt, ...response]), from: prompt.length });
  return { id: `pair-${index}`, chosen: sequence(chosen), rejected: sequence(rejected) };
}
