import type { StepMetricName } from '../../../src-main/shared/domain/metrics.ts';
import { beforeAll, expect, test } from 'vitest';
import { generalisedAdvantage, whiten } from '../../../src-main/engine/losses/ppo.ts';
import { PpoObjective } from '../../../src-main/engine/objectives/ppo.ts';
import { runSpecSchema } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import {
  largestGap,
  largestWeightDifference,
  readTraining,
  sequenceOf,
  type Fingerprint,
} from '../../helpers/recorded-training.ts';
import { runInOrder } from '../../helpers/training.ts';

/** Four steps of three epochs by TRL 0.11.4's PPOTrainer on given rollouts and scores (test/golden/training/ppo.py). */
interface RecordedStep {
  rollouts: { prompt: number[]; response: number[]; score: number }[];
  klWeight: number;
  kl: number;
  policyLoss: number;
  valueLoss: number;
  clipFraction: number;
  approxKl: number;
  values: number[][];
  rewards: number[][];
  advantages: number[][];
  returns: number[][];
}
interface Recorded {
  settings: Record<string, number>;
  steps: RecordedStep[];
  klWeight: number;
  weights: Fingerprint;
}
const recorded = readTraining<Recorded>('ppo');
const { settings } = recorded;

beforeAll(async () => {
  await openTestBackend();
});

test('advantages and returns equal TRL’s', () => {
  for (const { rewards, values, advantages, returns } of recorded.steps) {
    const ours = rewards.map((line, i) => generalisedAdvantage(line, values[i]!, settings['gamma']!, settings['lam']!));
    const whitened = whiten(ours.map((estimate) => estimate.advantages));
    advantages.forEach((line, i) => expect(largestGap([...whitened[i]!], line)).toBeLessThan(5e-6));
    returns.forEach((line, i) => expect(largestGap([...ours[i]!.returns], line)).toBeLessThan(5e-6));
  }
});

test('losses, KL, its adaptive weight and every weight equal TRL’s', async () => {
  const spec = runSpecSchema.parse({
    name: 'ppo',
    model: 'm',
    dataset: { train: 'd' },
    algorithm: {
      kind: 'ppo',
      reward: { kind: 'lexicon' },
      epochs: settings['ppo_epochs'],
      clipRange: settings['cliprange'],
      valueClipRange: settings['cliprange_value'],
      valueWeight: settings['vf_coef'],
      gamma: settings['gamma'],
      lambda: settings['lam'],
      kl: { weight: settings['init_kl_coef'], adaptiveTarget: settings['target'], horizon: settings['horizon'] },
      temperature: 1,
    },
    optimizer: { learningRate: settings['learningRate'] },
    batch: { size: 6 },
    steps: recorded.steps.length,
  });
  if (spec.algorithm.kind !== 'ppo') throw new Error('not PPO');
  const [model, reference] = [await loadGoldenModel('llama'), await loadGoldenModel('llama')];
  const all = recorded.steps.flatMap(({ rollouts }) => rollouts);
  const objective = new PpoObjective({
    model,
    reference,
    samples: all.map(({ prompt }, i) => ({ id: `${i}`, prompt: `${i}`, ids: Int32Array.from(prompt) })),
    sample: (prompts) =>
      Promise.resolve(
        prompts.map(({ id }) => {
          const { prompt, response } = all[Number(id)]!;
          return { text: '', sequence: sequenceOf(prompt, response) };
        }),
      ),
    reward: (prompts) => Promise.resolve(prompts.map(({ id }) => all[Number(id)]!.score)),
    spec: spec.algorithm,
    guard: null,
    ops: {},
  });
  const events = await runInOrder(spec, objective);
  const gap = (metric: StepMetricName, pick: (step: RecordedStep) => number) =>
    largestGap(
      events.map(({ metrics }) => metrics[metric]),
      recorded.steps.map(pick),
    );
  const { 'v_head.summary.weight': headWeight, 'v_head.summary.bias': headBias, ...ofModel } = recorded.weights;
  const ofHead = { 'value_head.weight': headWeight!, 'value_head.bias': headBias! };
  const gaps = {
    policy: gap('loss/policy', ({ policyLoss }) => policyLoss),
    value: gap('loss/value', ({ valueLoss }) => valueLoss),
    kl: gap('objective/kl', ({ kl }) => kl),
    approxKl: gap('policy/approxkl', ({ approxKl }) => approxKl),
    clipped: gap('policy/clipfrac', ({ clipFraction }) => clipFraction),
    klWeight: gap('kl_weight', ({ klWeight }) => klWeight),
    nextKlWeight: Math.abs((objective.state()['klWeight'] as number) - recorded.klWeight),
    weights: largestWeightDifference(model.parameters, ofModel),
    head: largestWeightDifference(objective.heads, ofHead),
  };
  objective.dispose();
  model.dispose();
  reference.dispose();
  expect(Math.max(gaps.policy, gaps.value, gaps.approxKl, gaps.klWeight, gaps.nextKlWeight)).toBeLessThan(1e-5);
  expect(gaps.clipped).toBeLessThan(1e-6);
  expect(Math.max(gaps.kl, gaps.weights, gaps.head)).toBeLessThan(2e-4);
});
