import type { StepMetricName } from '../../../src-main/shared/domain/metrics.ts';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { addAdapter } from '../../../src-main/engine/models/lora.ts';
import { RewardObjective } from '../../../src-main/engine/objectives/reward.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { scoreRewards, toRewardModel } from '../../../src-main/engine/reward-model.ts';
import { runSpecSchema } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import {
  largestGap,
  largestWeightDifference,
  readTraining,
  samplesOf,
  type Fingerprint,
  type RecordedPair,
} from '../../helpers/recorded-training.ts';
import { runInOrder } from '../../helpers/training.ts';

/** Twelve steps by TRL 1.13's RewardTrainer (test/golden/training/reward.py). */
interface RecordedCase {
  start: Record<string, number[][]>;
  padTokenId: number;
  steps: { loss: number; grad_norm: number; accuracy: number; margin: number; mean_reward: number }[];
  weights: Fingerprint;
  scoreOfFirst: number;
}
interface Recorded {
  pairs: RecordedPair[];
  lora: { rank: number; alpha: number; targets: string[] };
  cases: Record<string, RecordedCase>;
}
const recorded = readTraining<Recorded>('reward');
const endOfText = 2;

beforeAll(async () => {
  await openTestBackend();
});

/** The model that TRL started from: its head, and under an adapter its A. */
async function startOf(name: string): Promise<CausalLm> {
  const { start, padTokenId } = recorded.cases[name]!;
  const ids = { padTokenId: padTokenId === endOfText ? null : padTokenId, eosTokenId: endOfText };
  const plain = toRewardModel(await loadGoldenModel('llama'), ids, createRandom(0));
  const model = name === 'adapter' ? addAdapter(plain, { ...recorded.lora, dropout: 0 }, createRandom(0)) : plain;
  for (const [weight, values] of Object.entries(start)) {
    tf.tidy(() => model.parameters.get(weight)?.assign(tf.tensor2d(values)));
  }
  return model;
}

describe('twelve steps of reward modelling equal TRL’s', () => {
  test.each(Object.keys(recorded.cases))('%s', async (name) => {
    const { steps, weights, scoreOfFirst } = recorded.cases[name]!;
    const model = await startOf(name);
    const samples = samplesOf(recorded.pairs);
    const spec = runSpecSchema.parse({
      name: 'reward',
      model: 'm',
      dataset: { train: 'd' },
      algorithm: { kind: 'reward' },
      optimizer: { learningRate: name === 'adapter' ? 1e-2 : 1e-3 },
      batch: { size: 4 },
      steps: steps.length,
    });
    const centerWeight = name.endsWith('centred') ? 0.05 : 0;
    const events = await runInOrder(spec, new RewardObjective({ model, samples, centerWeight }));
    const [first] = await scoreRewards(
      model,
      samples.slice(0, 1).map(({ chosen }) => chosen),
    );
    const series = (metric: StepMetricName) => events.map(({ metrics }) => metrics[metric]);
    const means = events.map(({ metrics }) => (metrics['rewards/chosen']! + metrics['rewards/rejected']!) / 2);
    const gaps = {
      loss: largestGap(
        series('loss'),
        steps.map(({ loss }) => loss),
      ),
      norm: largestGap(
        series('grad_norm'),
        steps.map(({ grad_norm }) => grad_norm),
      ),
      margin: largestGap(
        series('rewards/margins'),
        steps.map(({ margin }) => margin),
      ),
      accuracy: largestGap(
        series('rewards/accuracies'),
        steps.map(({ accuracy }) => accuracy),
      ),
      mean: largestGap(
        means,
        steps.map(({ mean_reward }) => mean_reward),
      ),
      first: Math.abs((first ?? Infinity) - scoreOfFirst),
      weights: largestWeightDifference(model.trainable, weights),
    };
    expect([...model.trainable.keys()].sort()).toEqual(Object.keys(weights).sort());
    model.dispose();
    expect(gaps.accuracy).toBe(0);
    expect(Math.max(gaps.loss, gaps.norm, gaps.margin, gaps.mean, gaps.first)).toBeLessThan(5e-6);
    expect(gaps.weights).toBeLessThan(1e-4);
  });
});
