import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import type { PreferenceSample } from '../../../src-main/engine/data/tokenise.ts';
import { layoutBatch } from '../../../src-main/engine/losses/layout.ts';
import { completionLogProbs } from '../../../src-main/engine/losses/token-log-probs.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import { PairGuard, type GuardTargets } from '../../../src-main/engine/objectives/pair-guard.ts';
import { RewardObjective } from '../../../src-main/engine/objectives/reward.ts';
import { SftObjective } from '../../../src-main/engine/objectives/sft.ts';
import { addAdapter } from '../../../src-main/engine/models/lora.ts';
import { batchFor } from '../../helpers/batches.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { toRewardModel } from '../../../src-main/engine/reward-model.ts';
import type { GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import {
  guardWith,
  largestDifference,
  plainDpo,
  randomCompletions,
  randomPairs,
  Stepper,
  tensorCount,
  tinyModel,
  weightsOf,
} from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

async function dpo(
  model: CausalLm,
  samples: PreferenceSample[],
  guard: GuardSpec | null = null,
  preModel = tinyModel(),
  withOthers = false,
) {
  const reference = {
    chosen: await scoreSequences(
      preModel,
      samples.map(({ chosen }) => chosen),
    ),
    rejected: await scoreSequences(
      preModel,
      samples.map(({ rejected }) => rejected),
    ),
  };
  const targets: GuardTargets = {
    sampleIds: samples.map(({ id }) => id),
    sequences: samples.map(({ chosen }) => chosen),
    pre: reference.chosen,
    select: (indices) => [...indices],
    ...(withOthers ? { others: { sequences: samples.map(({ rejected }) => rejected), pre: reference.rejected } } : {}),
  };
  const random = createRandom(0, 'gate');
  const pairGuard =
    guard === null
      ? null
      : new PairGuard({ spec: guard, beta: plainDpo.beta, model, preModel, targets, random, ops: {} });
  return new DpoObjective({ model, samples, reference, spec: plainDpo, guard: pairGuard, ops: {} });
}

const noPadding = { padTokenId: null, eosTokenId: null };

const batches = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
  [3, 1, 5, 0],
];

describe('padding and batch mates never move a number', () => {
  test('the same sequences alone, together, grouped by length or not', async () => {
    const model = tinyModel();
    const sequences = randomPairs(12).flatMap(({ chosen, rejected }) => [chosen, rejected]);
    const together = await scoreSequences(model, sequences);
    for (const [i, sequence] of sequences.entries()) {
      const [alone] = await scoreSequences(model, [sequence]);
      expect(together[i]).toBeCloseTo(alone ?? Number.NaN, 4);
    }
    for (const options of [
      { splitByLength: true },
      { splitByLength: false },
      { rounded: true },
      { rounded: true, fineness: 32 },
      { sharePrompts: false },
    ]) {
      const { sums } = completionLogProbs(model, batchFor(model, sequences, options));
      sums.dataSync().forEach((sum, i) => expect(sum).toBeCloseTo(together[i] ?? Number.NaN, 4));
    }
  });

  test('a rounded size is padded by no more than its share', () => {
    const sequence = (length: number) => ({ ids: new Int32Array(length).fill(5), from: 1 });
    // 40 · 29 + 8 places and one for padding; 40 · 28 + 7 completion tokens.
    const sequences = [...Array.from({ length: 40 }, () => sequence(29)), sequence(8)];
    const sizes = (fineness?: number) => {
      const { form } = layoutBatch(sequences, {
        rounded: true,
        sharePrompts: false,
        ...(fineness ? { fineness } : {}),
      });
      return [form.places, form.tokens];
    };
    expect([sizes(), sizes(32)]).toEqual([
      [1280, 1152],
      [1184, 1152],
    ]);
  });

  test('a layout numbers every completion token once, whatever the groups', () => {
    const sequences = randomPairs(20).flatMap(({ chosen, rejected }) => [chosen, rejected]);
    const layout = layoutBatch(sequences);
    expect(layout.form.groups.length).toBeGreaterThan(1);
    sequences.forEach(({ ids, from }, row) => {
      const start = layout.starts[row] ?? -1;
      const labels = layout.arrays.labels.subarray(start, start + (layout.counts[row] ?? 0));
      expect([...labels]).toEqual([...ids.subarray(from)]);
    });
  });
});

describe('accumulation: k micro-batches of b are one batch of k·b', () => {
  const makers = {
    dpo: (model: CausalLm) => dpo(model, randomPairs(8)),
    guarded: (model: CausalLm) => dpo(model, randomPairs(8), guardWith({ kind: 'ungated', divergence: 'kl' })),
    sft: (model: CausalLm) => Promise.resolve(new SftObjective({ model, samples: randomCompletions(8), ops: {} })),
    reward: (model: CausalLm) =>
      Promise.resolve(new RewardObjective({ model, samples: randomPairs(8), centerWeight: 0.01 })),
  };
  test.each(Object.keys(makers) as (keyof typeof makers)[])('%s', async (kind) => {
    const prepare = (seed: number) =>
      kind === 'reward' ? toRewardModel(tinyModel(seed), noPadding, createRandom(0, 'head')) : tinyModel(seed);
    const [whole, parts] = [prepare(1), prepare(1)];
    const [one, several] = [new Stepper(await makers[kind](whole)), new Stepper(await makers[kind](parts))];
    for (const batch of batches) {
      const [a, b] = [await one.step(batch), await several.step(batch, 2)];
      expect(b.metrics['loss']).toBeCloseTo(a.metrics['loss'] ?? Number.NaN, 5);
      expect(b.gradNorm / a.gradNorm).toBeCloseTo(1, 4);
      expect(b.tables.trained?.sampleIds).toEqual(a.tables.trained?.sampleIds);
    }
    expect(largestDifference(weightsOf(whole), weightsOf(parts))).toBeLessThan(2e-4);
  });
});

describe('the guard’s exact facts on a model', () => {
  const guards: Partial<GuardSpec>[] = [
    { divergence: 'ce' },
    { divergence: 'kl' },
    { gate: 'per-token', divergence: 'kl' },
    { gate: 'margin' },
  ];

  test.each(guards)('1: at step 0 nothing fires and the step is the unguarded one: %o', async (changes) => {
    const [plain, guarded] = [tinyModel(), tinyModel()];
    const a = await new Stepper(await dpo(plain, randomPairs(8))).step([0, 1, 2, 3]);
    const b = await new Stepper(await dpo(guarded, randomPairs(8), guardWith(changes))).step([0, 1, 2, 3]);
    expect(b.metrics['guard/firing_rate']).toBe(0);
    expect(b.metrics['guard/loss']).toBe(0);
    expect(b.gradNorm).toBe(a.gradNorm);
    expect(largestDifference(weightsOf(plain), weightsOf(guarded))).toBe(0);
  });

  test.each(guards)('2: λ = 0 is the unguarded trajectory bit for bit: %o', async (changes) => {
    const [plain, guarded] = [tinyModel(), tinyModel()];
    const [a, b] = [
      new Stepper(await dpo(plain, randomPairs(8))),
      new Stepper(await dpo(guarded, randomPairs(8), guardWith({ ...changes, kind: 'ungated', weight: 0 }))),
    ];
    for (const batch of batches) {
      const [unguarded, watched] = [await a.step(batch), await b.step(batch)];
      expect(watched.metrics['loss']).toBe(unguarded.metrics['loss']);
      expect(watched.metrics['guard/firing_rate']).toBe(1);
    }
    expect(largestDifference(weightsOf(plain), weightsOf(guarded))).toBe(0);
  });

  test('it fires once the policy has fallen behind, and then its gradient counts', async () => {
    const [fallen, alike] = [tinyModel(2), tinyModel(2)];
    const samples = randomPairs(8);
    const a = await new Stepper(await dpo(alike, samples, null, tinyModel(1))).step([0, 1, 2, 3, 4, 5, 6, 7]);
    const objective = await dpo(fallen, samples, guardWith({ weight: 2 }), tinyModel(1));
    const b = await new Stepper(objective).step([0, 1, 2, 3, 4, 5, 6, 7]);
    const fired = b.tables.guarded?.metrics['guard/fired'] ?? [];
    const rewards = b.tables.trained?.metrics['rewards/chosen'] ?? [];
    expect(fired).toEqual(rewards.map((reward) => (reward < 0 ? 1 : 0)));
    expect(fired).toContain(1);
    expect(b.metrics['loss']).toBeCloseTo((a.metrics['loss'] ?? 0) + 2 * (b.metrics['guard/loss'] ?? 0), 5);
    expect(b.gradNorm).not.toBe(a.gradNorm);
  });

  test.each([
    ['ce', 'sequence'],
    ['kl', 'sequence'],
    ['masked-kl', 'sequence'],
    ['ce', 'margin'],
    ['kl', 'margin'],
  ] as const)('riding along and a pass of its own give one gradient: %s, gate by %s', async (divergence, gate) => {
    const guard = guardWith({ weight: 1.5, divergence, gate, ...(gate === 'margin' ? { epsilon: -10 } : {}) });
    const [riding, own] = [tinyModel(4), tinyModel(4)];
    const rates: number[] = [];
    const a = new Stepper(await dpo(riding, randomPairs(8), guard, tinyModel(1)));
    const old = tinyModel(1);
    const seen = vi.spyOn(old, 'packedStates');
    // Margins are taken against the rejected responses, which the pass has to go over as well.
    const b = new Stepper(await dpo(own, randomPairs(8), { ...guard, target: 'pre-sample' }, old, gate === 'margin'));
    seen.mockClear();
    for (const batch of batches) {
      const [first, second] = [await a.step(batch), await b.step(batch)];
      expect(second.metrics['loss']).toBeCloseTo(first.metrics['loss'] ?? Number.NaN, 4);
      expect(second.gradNorm / first.gradNorm).toBeCloseTo(1, 4);
      expect(second.tables.guarded?.metrics['guard/fired']).toEqual(first.tables.guarded?.metrics['guard/fired']);
      rates.push(second.metrics['guard/firing_rate'] ?? Number.NaN);
    }
    // The old model sees no response but the targets.
    const sizes = seen.mock.calls.map(([{ form }]) => form.groups.reduce((sum, { rows }) => sum + rows, 0));
    expect(Math.max(0, ...sizes)).toBe(divergence === 'ce' ? 0 : 4);
    // The gate went first, then gate and divergence together, so that both ways were compared.
    expect(rates[0]).toBeGreaterThan(2 / 3);
    if (gate === 'sequence') expect(rates[0]).toBeLessThan(1);
  });

  test('a learned weight moves with the firing rate', async () => {
    const guard = guardWith({ kind: 'ungated', weight: 1, learnedWeight: { rate: 0.5, target: 0.2 } });
    const objective = await dpo(tinyModel(), randomPairs(8), guard);
    const stepper = new Stepper(objective);
    expect((await stepper.step([0, 1])).metrics['guard/weight']).toBe(1);
    expect((await stepper.step([2, 3])).metrics['guard/weight']).toBeCloseTo(1.4, 10);
  });
});

describe('no step leaves a tensor behind', () => {
  const adapted = (model: CausalLm) =>
    addAdapter(model, { rank: 2, alpha: 4, dropout: 0.2, targets: ['all-linear'] }, createRandom(0, 'adapter'));
  const dropoutSeed = (step: number, first: number) => 100 * step + first;
  const makers = {
    dpo: () => dpo(tinyModel(), randomPairs(8)),
    'dpo, guard riding along': () => dpo(tinyModel(), randomPairs(8), guardWith({ kind: 'ungated' })),
    'dpo, guard with KL': () => dpo(tinyModel(), randomPairs(8), guardWith({ kind: 'ungated', divergence: 'kl' })),
    'dpo, guard watching': () =>
      dpo(tinyModel(), randomPairs(8), guardWith({ kind: 'ungated', divergence: 'kl', weight: 0 })),
    sft: () => Promise.resolve(new SftObjective({ model: tinyModel(), samples: randomCompletions(8), ops: {} })),
    reward: () => {
      const model = toRewardModel(tinyModel(), noPadding, createRandom(0, 'head'));
      return Promise.resolve(new RewardObjective({ model, samples: randomPairs(8), centerWeight: 0 }));
    },
    'dpo, guard with margins of a pass of its own': () =>
      dpo(
        tinyModel(),
        randomPairs(8),
        guardWith({ kind: 'random', randomRate: 0.5, gate: 'margin', target: 'pre-sample' }),
      ),
    'dpo as an adapter': () => dpo(adapted(tinyModel()), randomPairs(8)),
    'sft as an adapter': () =>
      Promise.resolve(
        new SftObjective({ model: adapted(tinyModel()), samples: randomCompletions(8), ops: {}, dropoutSeed }),
      ),
    'reward as an adapter': () => {
      const model = adapted(toRewardModel(tinyModel(), noPadding, createRandom(0, 'head')));
      return Promise.resolve(new RewardObjective({ model, samples: randomPairs(8), centerWeight: 0.1, dropoutSeed }));
    },
  };
  test.each(Object.keys(makers) as (keyof typeof makers)[])('%s', async (kind) => {
    const stepper = new Stepper(await makers[kind]());
    await stepper.step([0, 1, 2, 3], 2);
    const before = tensorCount();
    for (const batch of batches) {
      await stepper.step(batch, 2);
      expect(tensorCount()).toBe(before);
    }
    expect(tf.memory().numDataBuffers).toBeGreaterThan(0);
  });
});
