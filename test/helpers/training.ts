import * as tf from '@tensorflow/tfjs-core';
import { DataOrder, stepsForEpochs } from '../../src-main/engine/data/order.ts';
import type { Objective, StepOutcome } from '../../src-main/engine/objectives/objective.ts';
import { AdamW } from '../../src-main/engine/optim/adamw.ts';
import { clipFactor, disposeGradients, globalNorm } from '../../src-main/engine/optim/gradients.ts';
import type { CompletionSample, PreferenceSample } from '../../src-main/engine/data/tokenise.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { createRandom, randomInteger } from '../../src-main/engine/random.ts';
import type { NativeOps } from '../../src-main/engine/ports.ts';
import { trainingLoop } from '../../src-main/engine/train-loop.ts';
import type { TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import type { DpoSpec } from '../../src-main/shared/domain/algorithms.ts';
import type { GuardSpec, RunSpec } from '../../src-main/shared/domain/run-spec.ts';
import { dpoSpec } from '../../src-main/shared/domain/algorithms.ts';
import { guardSpec } from '../../src-main/shared/domain/run-spec.ts';
import { makeTinyLlama } from './tiny-model.ts';

export const plainDpo: DpoSpec = dpoSpec.parse({ kind: 'dpo' });
export function guardWith(changes: Partial<GuardSpec>): GuardSpec {
  return { ...guardSpec.parse({ kind: 'flipguard' }), ...changes };
}

export const tinyVocabulary = 40;
export function tinyModel(seed = 1): CausalLm {
  return makeTinyLlama({ vocab: tinyVocabulary, dim: 8, layers: 1, heads: 2, kvHeads: 1, seed });
}

/** Pairs of random tokens and uneven lengths. */
export function randomPairs(count: number, seed = 7): PreferenceSample[] {
  const random = createRandom(seed, 'pairs');
  const tokens = (length: number) => Array.from({ length }, () => 3 + randomInteger(random, tinyVocabulary - 3));
  return Array.from({ length: count }, (_, i) => {
    const prompt = [1, ...tokens(1 + randomInteger(random, 4))];
    const response = () => ({
      ids: Int32Array.from([...prompt, ...tokens(2 + randomInteger(random, 12))]),
      from: prompt.length,
    });
    return { id: `pair-${i}`, chosen: response(), rejected: response() };
  });
}

export function randomCompletions(count: number, seed = 7): CompletionSample[] {
  return randomPairs(count, seed).map(({ id, chosen }) => ({ id, sequence: chosen }));
}

export interface StepRecord extends StepOutcome {
  gradNorm: number;
}

/** Steps with plain AdamW on given batches, as the training loop does them. */
export class Stepper {
  readonly objective: Objective;
  readonly optimizer: AdamW;
  readonly #learningRate: number;
  #step = 0;

  constructor(objective: Objective, learningRate = 1e-3, weightDecay = 0) {
    this.objective = objective;
    this.#learningRate = learningRate;
    this.optimizer = new AdamW(objective.trainable, { weightDecay, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 });
  }

  async step(indices: number[], microBatchSize = indices.length): Promise<StepRecord> {
    let gradNorm = 0;
    this.#step += 1;
    const outcome = await this.objective.step({ indices, microBatchSize, step: this.#step }, async (gradients) => {
      const norm = globalNorm(gradients);
      gradNorm = (await norm.data())[0] as number;
      norm.dispose();
      this.optimizer.update(gradients, this.#learningRate, clipFactor(gradNorm, null));
      disposeGradients(gradients);
    });
    return { ...outcome, gradNorm };
  }
}

/** Every weight of a model, copied. */
export function weightsOf(model: CausalLm): Map<string, Float32Array> {
  return new Map([...model.parameters].map(([name, variable]) => [name, variable.dataSync().slice() as Float32Array]));
}

export function largestDifference(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  let largest = 0;
  for (const [name, values] of a) {
    values.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - (b.get(name)?.[i] ?? Number.NaN)))));
  }
  return largest;
}

export function tensorCount(): number {
  return tf.memory().numTensors;
}

export type StepEvent = Extract<TrainerEventBody, { type: 'step' }>;

/** A run of the training loop over its data in file order, without evaluations and checkpoints: its step events. */
export async function runInOrder(spec: RunSpec, objective: Objective, ops: NativeOps = {}): Promise<StepEvent[]> {
  const { lengths, trainable } = objective;
  const stepSize = spec.batch.size * spec.batch.accumulation;
  const loop = trainingLoop({
    spec,
    objective,
    optimizer: new AdamW(trainable, spec.optimizer),
    order: new DataOrder({ lengths, stepSize, shuffle: false, groupByLength: false }, createRandom(0)),
    totalSteps: spec.steps ?? stepsForEpochs(lengths.length, stepSize, 1),
    startStep: 0,
    ops,
    clock: { nowMs: () => 0, processorMs: () => 0 },
    control: {
      stopping: () => false,
      paused: () => false,
      untilResumed: () => Promise.resolve(),
      takeGuardWeight: () => undefined,
    },
    breathe: () => Promise.resolve(),
    evaluate: nothing,
    saveCheckpoint: ({ step }) => Promise.resolve({ step, path: '', kind: 'full', sha256: {}, sizeBytes: 0 }),
    limit: null,
    lastCheckpointStep: null,
    lastEvaluationStep: null,
  });
  const events: StepEvent[] = [];
  for await (const event of loop) {
    if (event.type === 'failed') throw new Error(event.error.message);
    if (event.type === 'step') events.push(event);
  }
  return events;
}

async function* nothing(): AsyncGenerator<TrainerEventBody> {
  // No suites.
}
