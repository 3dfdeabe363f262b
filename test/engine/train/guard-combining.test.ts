import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import { ImplicitRewardGuard } from '../../../src-main/engine/objectives/implicit-guard.ts';
import type { ObjectiveState } from '../../../src-main/engine/objectives/objective.ts';
import { PairGuard } from '../../../src-main/engine/objectives/pair-guard.ts';
import { RewardGuard } from '../../../src-main/engine/objectives/reward-guard.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import type { GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { guardWith, plainDpo, randomPairs, Stepper, tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend();
});

const pairs = randomPairs(8);
const slices = pairs.map((_, i) => ['math', 'code'][i % 2]!);
const indices = [0, 1, 2, 3, 4, 5];
type Numbers = Map<string, Float32Array>;

async function guardedDpo(model: CausalLm, guard: Partial<GuardSpec> | null) {
  const preModel = tinyModel(1);
  const score = (which: 'chosen' | 'rejected') =>
    scoreSequences(
      preModel,
      pairs.map((pair) => pair[which]),
    );
  const reference = { chosen: await score('chosen'), rejected: await score('rejected') };
  const targets = {
    sampleIds: pairs.map(({ id }) => id),
    sequences: pairs.map(({ chosen }) => chosen),
    pre: reference.chosen,
    slices,
    select: (wanted: readonly number[]) => [...wanted],
  };
  const random = createRandom(0, 'gate');
  const options = { beta: 0.1, model, preModel, targets, random, ops: {} };
  return new DpoObjective({
    model,
    samples: pairs,
    reference,
    spec: plainDpo,
    guard: guard === null ? null : new PairGuard({ spec: guardWith(guard), ...options }),
    ops: {},
  });
}

/** What would be applied, as plain numbers. */
async function gradientsOf(guard: Partial<GuardSpec> | null) {
  const objective = await guardedDpo(tinyModel(4), guard);
  let gradients: Numbers = new Map();
  let norm: number | undefined;
  const outcome = await objective.step({ indices, microBatchSize: 4, step: 1 }, (applied, _, known) => {
    gradients = numbersOf(applied);
    norm = known;
    tf.dispose([...applied.values()]);
    return Promise.resolve();
  });
  return { gradients, norm, metrics: outcome.metrics };
}

function numbersOf(gradients: ReadonlyMap<string, tf.Tensor>): Numbers {
  return new Map([...gradients].map(([name, one]) => [name, one.dataSync().slice() as Float32Array]));
}

const flat = (gradients: Numbers) => [...gradients].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, one]) => [...one]);
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

function expectLike(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  const size = Math.max(...wanted.map(Math.abs));
  expect(Math.max(...found.map((x, i) => Math.abs(x - wanted[i]!))) / size).toBeLessThan(1e-4);
}

/** The rules by hand, in double precision. */
function projected(g: readonly number[], r: readonly number[]): number[] {
  const conflict = Math.min(0, dot(g, r)) / dot(r, r);
  return g.map((x, i) => x - conflict * r[i]!);
}

describe('a guard on responses whose gradient meets that of training', () => {
  const kinds: [string, Partial<GuardSpec>][] = [
    ['flipguard', { kind: 'flipguard' }],
    ['ungated', { kind: 'ungated' }],
    ['random', { kind: 'random', randomRate: 0.5 }],
    ['flipguard by KL', { kind: 'flipguard', divergence: 'kl' }],
  ];

  test.each(kinds)('%s: is projected off, or has to agree, as by hand', async (_, kind) => {
    const guard = { ...kind, weight: 1 };
    const [plain, added] = [await gradientsOf(null), await gradientsOf(guard)];
    const g = flat(plain.gradients);
    const r = flat(added.gradients).map((x, i) => x - g[i]!);
    const project = await gradientsOf({ ...guard, combine: 'project' });
    expectLike(flat(project.gradients), projected(g, r));
    const wanted = {
      cosine: dot(g, r) / Math.sqrt(dot(g, g) * dot(r, r)),
      norm: Math.sqrt(dot(projected(g, r), projected(g, r))),
    };
    expect(project.metrics['guard/cosine']).toBeCloseTo(wanted.cosine, 4);
    expect(project.norm! / wanted.norm).toBeCloseTo(1, 4);
    // λ has no part, and the loss is training's.
    expect(project.metrics['guard/weight']).toBeUndefined();
    expect(project.metrics.loss).toBeCloseTo(plain.metrics.loss!, 5);

    const agree = flat((await gradientsOf({ ...guard, combine: 'agree' })).gradients);
    const clear = r.map((x, i) => Math.abs(x) > 1e-5 && Math.abs(g[i]!) > 1e-5);
    const signs = (wantedTo: boolean) =>
      agree.filter((_, i) => clear[i] && (Math.sign(g[i]!) === Math.sign(r[i]!)) === wantedTo);
    expect(signs(false).every((x) => x === 0)).toBe(true);
    expect(signs(false).length).toBeGreaterThan(10);
    expect(signs(true).every((x) => x !== 0)).toBe(true);
  });

  test('leaves training alone where nothing fires', async () => {
    const never = { kind: 'flipguard', epsilon: 1e6 } as const;
    const plain = await gradientsOf(null);
    for (const combine of ['project', 'agree'] as const) {
      expect(flat((await gradientsOf({ ...never, combine })).gradients)).toEqual(flat(plain.gradients));
    }
  });

  test('next to algorithms that sample too, by the reward and by the implicit reward', async () => {
    const model = tinyModel(4);
    const preModel = tinyModel(1);
    const prompts = pairs.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) }));
    const common = {
      sampleIds: pairs.map(({ id }) => id),
      sequences: pairs.map(({ chosen }) => chosen),
      select: (all: readonly number[]) => [...all],
    };
    const options = { model, preModel, ops: {} };
    const pre = await scoreSequences(preModel, common.sequences);
    const guards = (combine: GuardSpec['combine']) => {
      const spec = guardWith({ kind: 'ungated', weight: 1, combine });
      const random = createRandom(0, 'gate');
      const rewarded = { ...common, prompts, rewards: pairs.map(() => 1), ownPrompts: true };
      return [
        new RewardGuard({ ...options, spec, draws: 1, targets: rewarded, random }),
        new ImplicitRewardGuard(new PairGuard({ ...options, spec, beta: 0.1, targets: { ...common, pre }, random })),
      ];
    };
    const wanted = flat((await gradientsOf({ kind: 'ungated', weight: 1 })).gradients).map((x, i) => x - g[i]!);
    const g0 = g.map((x) => 3 * x);
    for (const [place] of [0, 1].entries()) {
      const step = async (combine: GuardSpec['combine']) => {
        const guard = guards(combine)[place]!;
        const answers = indices.map(() => ({ score: 0, tokens: 3 }));
        const noAnswers = () => Promise.reject(new Error('nobody asks'));
        await guard.gate({ indices, microBatchSize: 4, step: 1 }, answers, noAnswers, noAnswers);
        const sum = await guard.gradients(4, model.trainable, { gradients: tensorsOf(model.trainable, g0), norm: 1 });
        const numbers = flat(numbersOf(sum.gradients));
        tf.dispose([...sum.gradients.values()]);
        return { numbers, metrics: guard.finishStep().metrics };
      };
      expectLike(
        (await step('add')).numbers,
        g0.map((x, i) => x + wanted[i]!),
      );
      const met = await step('project');
      expectLike(met.numbers, projected(g0, wanted));
      expect(met.metrics['guard/weight']).toBeUndefined();
    }
  });
});

let g: number[] = [];
beforeAll(async () => {
  g = flat((await gradientsOf(null)).gradients);
});

/** Numbers by the sorted names of the weights, as `flat` has them. */
function tensorsOf(trainable: ReadonlyMap<string, Variable>, numbers: readonly number[]): Map<string, tf.Tensor> {
  let at = 0;
  return new Map(
    [...trainable]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, { shape, size }]) => [name, tf.tensor(numbers.slice(at, (at += size)), shape)]),
  );
}

describe('λ per slice next to DPO', () => {
  const learned = { rate: 4, target: 0.01, of: 'fall', per: 'slice' } as const;
  const guard = { kind: 'ungated', weight: 1, learnedWeight: learned, divergence: 'ce' } as const;

  test.each(['chosen', 'pre-sample'] as const)('weighs each response by its slice: %s', async (target) => {
    const stepper = new Stepper(await guardedDpo(tinyModel(4), { ...guard, target }));
    const first = await stepper.step(indices);
    const second = await stepper.step(indices);
    const named = (name: string) => [first.others![name]!, second.others![name]!] as const;
    expect(first.others).toMatchObject({ 'guard/weight/math': 1, 'guard/weight/code': 1 });
    const weights = { math: 0, code: 0 };
    for (const slice of ['math', 'code'] as const) {
      const [fallen] = named(`guard/excess/${slice}`);
      weights[slice] = Math.max(0, 1 + learned.rate * (fallen - learned.target));
      expect(named(`guard/weight/${slice}`)[1]).toBeCloseTo(weights[slice], 5);
    }
    expect(weights.math).not.toBeCloseTo(weights.code, 3);
    const losses = second.tables.guarded!.metrics['guard/loss']!;
    const term = losses.reduce((sum, one, i) => sum + weights[slices[i] as 'math' | 'code'] * one, 0) / losses.length;
    const own = second.tables.trained!.metrics.loss!.reduce((sum, one) => sum + one, 0) / losses.length;
    expect(second.metrics.loss).toBeCloseTo(own + term, 4);
  });

  test('resumes with every λ where it was', async () => {
    const whole = new Stepper(await guardedDpo(tinyModel(4), guard), 0);
    const before = new Stepper(await guardedDpo(tinyModel(4), guard), 0);
    await whole.step([0, 1]);
    await before.step([0, 1]);
    const after = new Stepper(await guardedDpo(tinyModel(4), guard), 0);
    after.objective.restore(JSON.parse(JSON.stringify(before.objective.state())) as ObjectiveState);
    const [wanted, found] = [await whole.step([2, 3]), await after.step([2, 3])];
    expect([found.others, found.metrics.loss]).toEqual([wanted.others, wanted.metrics.loss]);
    expect(found.others!['guard/weight/math']).not.toBe(1);
  });
});
