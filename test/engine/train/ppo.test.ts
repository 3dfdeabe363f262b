import { beforeAll, describe, expect, test } from 'vitest';
import type { PromptSample } from '../../../src-main/engine/data/tokenise.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { PpoObjective } from '../../../src-main/engine/objectives/ppo.ts';
import { RewardGuard } from '../../../src-main/engine/objectives/reward-guard.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import type { RewardFunction } from '../../../src-main/engine/rollouts/rollouts.ts';
import { measureResponses, sampleResponses } from '../../../src-main/engine/rollouts/rollouts.ts';
import { ppoSpec, type PpoSpec } from '../../../src-main/shared/domain/algorithms.ts';
import type { GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import type { Tokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import {
  guardWith,
  largestDifference,
  randomPairs,
  Stepper,
  tensorCount,
  tinyModel,
  weightsOf,
} from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

/** Ids as words. */
const tokenizer = {
  decode: (ids: readonly number[]) => ids.join(' '),
} as unknown as Tokenizer;
const prompts: PromptSample[] = randomPairs(6).map(({ id, chosen }) => ({
  id,
  prompt: id,
  ids: chosen.ids.slice(0, chosen.from),
}));
/** Rewards low ids: something a policy can learn in a few steps. */
const lowIds: RewardFunction = (_, texts) =>
  Promise.resolve(
    texts.map((text) => {
      const ids = text.split(' ').map(Number);
      return ids.filter((id) => id < 20).length / ids.length;
    }),
  );
const spec = (changes: Partial<PpoSpec> = {}): PpoSpec => ({
  ...ppoSpec.parse({ kind: 'ppo', reward: { kind: 'lexicon' }, maxNewTokens: 6, temperature: 1, epochs: 2 }),
  ...changes,
});

function ppo(model: CausalLm, changes: Partial<PpoSpec> = {}, guard: GuardSpec | null = null): PpoObjective {
  const preModel = tinyModel();
  const sequences = randomPairs(6).map(({ chosen }) => chosen);
  const targets = {
    sampleIds: prompts.map(({ id }) => id),
    prompts,
    sequences,
    rewards: [9, 9, 9, -9, -9, -9],
    ownPrompts: guard?.target !== 'guard-set',
    select: (indices: readonly number[]) => [...indices],
  };
  const random = createRandom(0, 'gate');
  const { temperature, maxNewTokens } = spec(changes);
  return new PpoObjective({
    model,
    reference: preModel,
    samples: prompts,
    reward: lowIds,
    spec: spec(changes),
    guard:
      guard === null ? null : new RewardGuard({ draws: 1, spec: guard, model, preModel, targets, random, ops: {} }),
    ops: {},
    sample: (asked, seed) => sampleResponses(model, tokenizer, asked, { temperature, maxNewTokens, seed }),
  });
}

const all = [0, 1, 2, 3, 4, 5];

describe('PPO', () => {
  test('tempered log-probs of responses are those of the model', async () => {
    const model = tinyModel();
    const rollouts = await sampleResponses(model, tokenizer, prompts, { temperature: 1, maxNewTokens: 6, seed: 1 });
    const sequences = rollouts.map(({ sequence }) => sequence);
    const [plain, cool] = [
      await measureResponses(model, sequences, { temperature: 1, ops: {} }),
      await measureResponses(model, sequences, { temperature: 0.5, ops: {} }),
    ];
    plain.forEach(({ logProbs, values }, i) => {
      expect(logProbs).toHaveLength((sequences[i]?.ids.length ?? 0) - (sequences[i]?.from ?? 0));
      expect([...values].every((value) => value === 0)).toBe(true);
      expect(cool[i]?.logProbs).not.toEqual(logProbs);
    });
  });

  test('at the start the KL is 0 and the first epoch’s ratio is 1', async () => {
    const outcome = await new Stepper(ppo(tinyModel(), { epochs: 1 })).step(all);
    expect(outcome.metrics['objective/kl']).toBeCloseTo(0, 4);
    expect(outcome.metrics['policy/approxkl']).toBeCloseTo(0, 6);
    expect(outcome.metrics['policy/clipfrac']).toBe(0);
    // With ratio 1 the policy loss is minus the mean whitened advantage, which is 0.
    expect(outcome.metrics['loss/policy']).toBeCloseTo(0, 5);
  });

  test('learns what is rewarded', async () => {
    const stepper = new Stepper(
      ppo(tinyModel(), { epochs: 4, kl: { weight: 0, adaptiveTarget: null, horizon: 1 } }),
      0.02,
    );
    const scores: number[] = [];
    for (let step = 0; step < 12; step++) scores.push((await stepper.step(all)).metrics['objective/scores'] ?? 0);
    const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean(scores.slice(-3))).toBeGreaterThan(mean(scores.slice(0, 3)) + 0.2);
  });

  test('micro-batches add up to the whole batch', async () => {
    const [whole, parts] = [tinyModel(), tinyModel()];
    const [a, b] = [new Stepper(ppo(whole)), new Stepper(ppo(parts))];
    const [one, several] = [await a.step(all), await b.step(all, 2)];
    expect(several.metrics['loss']).toBeCloseTo(one.metrics['loss'] ?? Number.NaN, 5);
    expect(largestDifference(weightsOf(whole), weightsOf(parts))).toBeLessThan(2e-4);
  });

  test('the adaptive weight follows the KL and is part of the state', async () => {
    const objective = ppo(tinyModel(2), { kl: { weight: 0.1, adaptiveTarget: 1e-3, horizon: 60 } });
    await new Stepper(objective).step(all);
    expect(objective.state()['klWeight']).not.toBe(0.1);
    const other = ppo(tinyModel(), {});
    other.restore(objective.state());
    expect(other.state()['klWeight']).toBe(objective.state()['klWeight']);
  });

  test('no step leaves a tensor behind, with a guard or without', async () => {
    for (const guard of [
      null,
      guardWith({}),
      guardWith({ divergence: 'kl' }),
      guardWith({ weight: 0 }),
      guardWith({ kind: 'random', randomRate: 0.5 }),
      guardWith({ kind: 'ungated', target: 'guard-set', reduction: 'token-sum' }),
    ]) {
      const stepper = new Stepper(ppo(tinyModel(), {}, guard));
      await stepper.step(all, 2);
      const before = tensorCount();
      await stepper.step(all, 2);
      await stepper.step(all, 2);
      expect(tensorCount()).toBe(before);
    }
  });
});

describe('FlipGuard with PPO', () => {
  test('fires where the pre-aligned response was worth more, and pulls towards it', async () => {
    const [plain, guarded] = [tinyModel(2), tinyModel(2)];
    await new Stepper(ppo(plain)).step(all);
    const outcome = await new Stepper(ppo(guarded, {}, guardWith({ weight: 3 }))).step(all);
    expect(outcome.tables.guarded?.metrics['guard/fired']).toEqual([1, 1, 1, 0, 0, 0]);
    expect(outcome.metrics['guard/firing_rate']).toBe(0.5);
    expect(outcome.metrics['guard/loss']).toBeGreaterThan(0);
    expect(largestDifference(weightsOf(plain), weightsOf(guarded))).toBeGreaterThan(0);
  });

  test('λ = 0 is the unguarded trajectory bit for bit', async () => {
    const [plain, watched] = [tinyModel(2), tinyModel(2)];
    const [a, b] = [new Stepper(ppo(plain)), new Stepper(ppo(watched, {}, guardWith({ kind: 'ungated', weight: 0 })))];
    for (let step = 0; step < 2; step++) {
      await a.step(all);
      expect((await b.step(all)).metrics['guard/firing_rate']).toBe(1);
    }
    expect(largestDifference(weightsOf(plain), weightsOf(watched))).toBe(0);
  });

  test('the per-token gate compares rewards per response token', async () => {
    const outcome = await new Stepper(ppo(tinyModel(2), {}, guardWith({ gate: 'per-token' }))).step(all);
    expect(outcome.tables.guarded?.metrics['guard/fired']).toEqual([1, 1, 1, 0, 0, 0]);
  });
});
