import * as tf from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DataOrder } from '../../../src-main/engine/data/order.ts';
import { asFailure } from '../../../src-main/engine/failure.ts';
import { FlipLimit } from '../../../src-main/engine/flip-limit.ts';
import type { Objective, StepBatch } from '../../../src-main/engine/objectives/objective.ts';
import { AdamW } from '../../../src-main/engine/optim/adamw.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { trainingLoop, type TrainControl, type TrainingPlan } from '../../../src-main/engine/train-loop.ts';
import type { TrainerEventBody } from '../../../src-main/shared/domain/trainer-events.ts';
import { runSpecSchema, type RunSpecInput } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

let weight: Variable;
beforeEach(() => {
  weight = tf.variable(tf.scalar(1));
});

/** Pulls one weight down with gradient 1; `lossAt` overrides a step's loss, `failAt` throws. */
function slope(options: { lossAt?: Record<number, number>; fail?: (batch: StepBatch) => void } = {}): Objective {
  return {
    sampleIds: Array.from({ length: 6 }, (_, i) => `s${i}`),
    lengths: [1, 1, 1, 1, 1, 1],
    trainable: new Map([['w', weight]]),
    guardWeight: 1,
    async step(batch, apply) {
      options.fail?.(batch);
      const loss = options.lossAt?.[batch.step] ?? 1;
      await apply(new Map([['w', tf.scalar(1)]]), loss);
      return { metrics: { loss }, tables: {}, tokens: 1 };
    },
    state: () => ({ seen: 1 }),
    restore: () => {},
    dispose: () => {},
  };
}

function spec(changes: Partial<RunSpecInput> = {}) {
  return runSpecSchema.parse({
    name: 'n',
    model: 'm',
    dataset: { train: 'd' },
    algorithm: { kind: 'dpo' },
    optimizer: { learningRate: 0.1 },
    batch: { size: 2, shuffle: false },
    steps: 4,
    ...changes,
  });
}

const still: TrainControl = {
  stopping: () => false,
  paused: () => false,
  untilResumed: () => Promise.resolve(),
  takeGuardWeight: () => undefined,
};

function plan(changes: Partial<TrainingPlan> = {}): TrainingPlan {
  const objective = changes.objective ?? slope();
  const runSpec = changes.spec ?? spec();
  const { size, shuffle, groupByLength } = runSpec.batch;
  return {
    spec: runSpec,
    objective,
    optimizer: new AdamW(objective.trainable, runSpec.optimizer),
    order: new DataOrder({ lengths: objective.lengths, stepSize: size, shuffle, groupByLength }, createRandom(0)),
    totalSteps: runSpec.steps ?? 1,
    startStep: 0,
    ops: {},
    clock: { nowMs: () => 0, processorMs: () => 0 },
    control: still,
    breathe: () => Promise.resolve(),
    evaluate: (step) => oneEvaluation(step, ['right', 'right']),
    saveCheckpoint: ({ step }) =>
      Promise.resolve({ step, path: `checkpoints/${step}`, kind: 'full', sha256: {}, sizeBytes: 0 }),
    limit: null,
    lastCheckpointStep: null,
    lastEvaluationStep: null,
    ...changes,
  };
}

async function* oneEvaluation(step: number, verdicts: ('right' | 'wrong')[]): AsyncGenerator<TrainerEventBody> {
  const mark = { suiteId: 's', suiteName: 'suite', step };
  const results = verdicts.map((verdict, i) => ({ sampleId: `e${i}`, prompt: '', output: null, score: null, verdict }));
  yield { type: 'evaluation-batch', mark, results };
  await Promise.resolve();
}

/** `s` step, `e` evaluation, `c` checkpoint and so on, with the step. */
async function story(input: TrainingPlan): Promise<string[]> {
  const told: string[] = [];
  for await (const event of trainingLoop(input)) told.push(describeEvent(event));
  return told;
}

function describeEvent(event: TrainerEventBody): string {
  switch (event.type) {
    case 'step':
      return `step ${event.step}`;
    case 'evaluation-batch':
      return `evaluate ${event.mark.step}`;
    case 'checkpoint':
      return `save ${event.checkpoint.step}`;
    case 'finished':
      return `${event.outcome} ${event.step}`;
    case 'failed':
      return `failed ${event.error.code} at ${event.step}`;
    default:
      return event.type;
  }
}

describe('the course of a run', () => {
  test('evaluates before, during and after; saves when due and at the end', async () => {
    const input = plan({ spec: spec({ steps: 5, evaluate: { every: 2 }, checkpoint: { every: 3 } }) });
    expect(await story(input)).toEqual([
      ...['evaluate 0', 'step 1', 'step 2', 'evaluate 2', 'step 3', 'save 3', 'step 4', 'evaluate 4', 'step 5'],
      ...['evaluate 5', 'save 5', 'completed 5'],
    ]);
  });

  test('a resumed run goes on without the evaluation before training', async () => {
    expect(await story(plan({ startStep: 3, lastCheckpointStep: 3 }))).toEqual([
      ...['step 4', 'evaluate 4', 'save 4', 'completed 4'],
    ]);
  });

  test('an evaluation that a stop cut short is made up for by the next start', async () => {
    let stopping = false;
    const runSpec = spec({ evaluate: { every: 2 } });
    let saved: number | null = Number.NaN;
    const cut = plan({
      spec: runSpec,
      control: { ...still, stopping: () => stopping },
      evaluate: (step) => {
        stopping = step === 2;
        return oneEvaluation(step, ['right']);
      },
      saveCheckpoint: ({ step, evaluatedAt }) => {
        saved = evaluatedAt;
        return Promise.resolve({ step, path: '', kind: 'full', sha256: {}, sizeBytes: 0 });
      },
    });
    expect((await story(cut)).slice(-2)).toEqual(['save 2', 'stopped 2']);
    expect(saved).toBe(0);
    const next = plan({ spec: runSpec, startStep: 2, lastCheckpointStep: 2, lastEvaluationStep: saved });
    expect((await story(next)).slice(0, 2)).toEqual(['evaluate 2', 'step 3']);
    const whole = plan({ spec: runSpec, startStep: 2, lastCheckpointStep: 2, lastEvaluationStep: 2 });
    expect((await story(whole))[0]).toBe('step 3');
  });

  test('stop lets the step end and saves', async () => {
    let stopping = false;
    const objective = slope({ fail: ({ step }) => (stopping = step === 2) });
    const input = plan({ objective, control: { ...still, stopping: () => stopping } });
    expect(await story(input)).toEqual(['evaluate 0', 'step 1', 'step 2', 'save 2', 'stopped 2']);
  });

  test('pause waits between steps', async () => {
    let paused = true;
    const control = {
      ...still,
      paused: () => paused,
      untilResumed: () => {
        paused = false;
        return Promise.resolve();
      },
    };
    expect((await story(plan({ control }))).slice(0, 4)).toEqual(['evaluate 0', 'paused', 'resumed', 'step 1']);
  });

  test('learning rate follows the schedule; a guard weight set by hand reaches the objective', async () => {
    const objective = slope();
    const weights = [3, undefined, undefined, undefined, undefined];
    const input = plan({
      objective,
      spec: spec({ optimizer: { learningRate: 0.1, schedule: 'linear', warmupSteps: 1 } }),
      control: { ...still, takeGuardWeight: () => weights.shift() },
    });
    const rates: number[] = [];
    for await (const event of trainingLoop(input)) {
      if (event.type === 'step') rates.push(event.metrics['learning_rate'] ?? Number.NaN);
    }
    [0, 0.1, 0.2 / 3, 0.1 / 3].forEach((rate, i) => expect(rates[i]).toBeCloseTo(rate, 12));
    expect(objective.guardWeight).toBe(3);
  });

  test('clipping scales the update and reports the norm before it', async () => {
    const input = plan({ spec: spec({ steps: 1, optimizer: { learningRate: 0.1, maxGradNorm: 0.5 } }) });
    const events: TrainerEventBody[] = [];
    for await (const event of trainingLoop(input)) events.push(event);
    const step = events.find((event) => event.type === 'step');
    expect(step?.metrics['grad_norm']).toBeCloseTo(1, 6);
    // (1 − β1) of the clipped gradient.
    const saved = input.optimizer.tensors()['w.exp_avg'];
    expect(saved?.dataSync()[0]).toBeCloseTo(0.05, 6);
  });
});

describe('failures', () => {
  async function failureOf(objective: Objective) {
    const input = plan({ objective, spec: spec({ checkpoint: { every: 1 } }) });
    for await (const event of trainingLoop(input)) if (event.type === 'failed') return event;
    return undefined;
  }

  test('a loss that is not finite stops with step, samples, last checkpoint and remedy, and never reaches a weight', async () => {
    const failure = await failureOf(slope({ lossAt: { 3: Number.NaN } }));
    expect(failure).toMatchObject({ step: 3, sampleIds: ['s4', 's5'], lastCheckpointStep: 2 });
    expect(failure?.error).toMatchObject({ code: 'diverged' });
    expect(failure?.error.message).toContain('step 3: the loss is NaN');
    expect(failure?.error.remedy).toContain('learningRate');
    // Two steps of Adam at rate 0.1 on a constant gradient.
    expect(weight.dataSync()[0]).toBeCloseTo(0.8, 5);
  });

  test('lack of memory is told as such, with what to lower', async () => {
    const failure = await failureOf(
      slope({
        fail: ({ step }) => {
          if (step === 2) throw new Error('OOM when allocating tensor with shape[16,128]');
        },
      }),
    );
    expect(failure).toMatchObject({ step: 2, error: { code: 'out-of-memory' } });
    expect(failure?.error.remedy).toContain('batch.size (now 2)');
  });

  test.each([
    'OOM when allocating tensor with shape[8,128,32000]',
    'Array buffer allocation failed',
    'std::bad_alloc',
    'GPUOutOfMemoryError: out of memory',
  ])('before the first step too, as every backend words it: %s', (message) => {
    expect(asFailure(new Error(message), spec().batch)).toMatchObject({ code: 'out-of-memory' });
    expect(asFailure(new Error(message)).remedy).toContain('smaller model');
  });

  test('any other error stays what it is', () => {
    expect(asFailure(new Error('no such file'))).toMatchObject({ code: 'internal', message: 'no such file' });
  });
});

describe('a limit on negative flips', () => {
  const forty = (wrong: number) =>
    Array.from({ length: 40 }, (_, i) => (i < wrong ? 'wrong' : 'right') as 'wrong' | 'right');
  const limited = (action: 'stop' | 'checkpoint' | 'raise-weight', objective = slope()) =>
    plan({
      objective,
      spec: spec({ evaluate: { every: 1 }, limits: { maxNfr: 0.1, action } }),
      limit: new FlipLimit(0.1),
      // 4 of 40 is at the limit and proves nothing; at 12 of 40 the lower bound passes it.
      evaluate: (step) => oneEvaluation(step, forty([0, 4, 12, 12, 12][step] ?? 0)),
    });

  test('stops at the bound, not at the rate', async () => {
    expect(await story(limited('stop'))).toEqual([
      ...['evaluate 0', 'step 1', 'evaluate 1', 'step 2', 'evaluate 2', 'log', 'save 2', 'stopped 2'],
    ]);
  });

  test('saves and goes on', async () => {
    const told = await story(limited('checkpoint'));
    expect(told.slice(4, 8)).toEqual(['evaluate 2', 'log', 'save 2', 'step 3']);
    expect(told.at(-1)).toBe('completed 4');
  });

  test('raises the guard’s weight', async () => {
    const objective = slope();
    await story(limited('raise-weight', objective));
    expect(objective.guardWeight).toBe(4);
  });
});
