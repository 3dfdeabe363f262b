import { beforeAll, describe, expect, test } from 'vitest';
import type { SampleMetricName } from '../../../src-main/shared/domain/metrics.ts';
import { ppoSpec } from '../../../src-main/shared/domain/algorithms.ts';
import { guardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import type { Objective } from '../../../src-main/engine/objectives/objective.ts';
import { PairGuard } from '../../../src-main/engine/objectives/pair-guard.ts';
import { PpoObjective } from '../../../src-main/engine/objectives/ppo.ts';
import { RewardObjective } from '../../../src-main/engine/objectives/reward.ts';
import { SftObjective } from '../../../src-main/engine/objectives/sft.ts';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { toRewardModel } from '../../../src-main/engine/reward-model.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { plainDpo, randomCompletions, randomPairs, Stepper, tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

const samples = randomPairs(6);
const all = [0, 1, 2, 3, 4, 5];

/** DPO under a guard that fires everywhere, from a model that has moved away from its start. */
async function guardedDpo(): Promise<Objective> {
  const before = tinyModel(1);
  const score = (part: 'chosen' | 'rejected') =>
    scoreSequences(
      before,
      samples.map((sample) => sample[part]),
    );
  const reference = { chosen: await score('chosen'), rejected: await score('rejected') };
  const model = tinyModel(2);
  const guard = new PairGuard({
    spec: guardSpec.parse({ kind: 'ungated' }),
    beta: plainDpo.beta,
    model,
    preModel: null,
    targets: {
      sampleIds: samples.map(({ id }) => id),
      sequences: samples.map(({ chosen }) => chosen),
      pre: reference.chosen,
      select: (indices) => [...indices],
    },
    random: createRandom(0),
    ops: {},
  });
  return new DpoObjective({ model, samples, reference, spec: plainDpo, guard, ops: {} });
}

function reward(): Objective {
  const model = toRewardModel(tinyModel(), { padTokenId: null, eosTokenId: 2 }, createRandom(0));
  return new RewardObjective({ model, samples, centerWeight: 0 });
}

function ppo(): Objective {
  return new PpoObjective({
    model: tinyModel(2),
    reference: tinyModel(1),
    samples: samples.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) })),
    sample: (prompts) =>
      Promise.resolve(prompts.map(({ id }) => ({ text: id, sequence: samples[Number(id.slice(5))]!.chosen }))),
    reward: (prompts) => Promise.resolve(prompts.map((_, i) => i)),
    spec: ppoSpec.parse({ kind: 'ppo', reward: { kind: 'lexicon' }, temperature: 1 }),
    guard: null,
    ops: {},
  });
}

const pairMetrics: SampleMetricName<'trained'>[] = [
  'loss',
  'rewards/chosen',
  'rewards/rejected',
  'rewards/margins',
  'rewards/accuracies',
];
const algorithms: Record<
  string,
  { make: () => Objective | Promise<Objective>; perSample: SampleMetricName<'trained'>[] }
> = {
  dpo: { make: guardedDpo, perSample: [...pairMetrics, 'logps/chosen', 'logps/rejected', 'kl/pre'] },
  reward: { make: reward, perSample: pairMetrics },
  sft: {
    make: () => new SftObjective({ model: tinyModel(), samples: randomCompletions(6), ops: {} }),
    perSample: ['loss', 'logps'],
  },
  ppo: {
    make: ppo,
    perSample: [
      'objective/scores',
      'objective/kl',
      'kl/pre',
      'objective/non_score_reward',
      'objective/rlhf_reward',
      'response_tokens',
    ],
  },
};

const meanOf = (values: readonly number[] = []) => {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};

describe('live metrics are the means of what each sample measured', () => {
  test.each(Object.keys(algorithms))('%s', async (kind) => {
    const { make, perSample } = algorithms[kind]!;
    const { tables, metrics } = await new Stepper(await make()).step(all, 2);
    const seen = tables.trained?.metrics ?? {};
    expect(Object.keys(seen).sort()).toEqual([...perSample].sort());
    for (const name of perSample) {
      expect(seen[name], name).toHaveLength(6);
      // SFT's loss is the mean over tokens, DPO's has the guard's part in it.
      if (name !== 'loss') expect(metrics[name], name).toBeCloseTo(meanOf(seen[name]), 5);
    }
    if (tables.guarded === undefined) return;
    expect(metrics['guard/loss']).toBeCloseTo(meanOf(tables.guarded.metrics['guard/loss']), 5);
    expect(metrics['guard/firing_rate']).toBe(1);
    expect(metrics['guard/firing_rate/long']).toBe(1);
    expect(metrics['loss']).toBeCloseTo(meanOf(seen.loss) + (metrics['guard/loss'] ?? 0), 5);
    const falls = all.map((i) => (seen['rewards/chosen']![i]! + seen['rewards/rejected']![i]!) / -0.2);
    falls.forEach((fall, i) => expect(seen['kl/pre']![i]).toBeCloseTo(fall, 4));
  });
});

test('an unchanged policy prefers no response, though its reference was scored among other batch mates', async () => {
  const model = tinyModel(1);
  const score = async (part: 'chosen' | 'rejected', sign: number) => {
    const logProbs = await scoreSequences(
      model,
      samples.map((sample) => sample[part]),
    );
    return logProbs.map((nats) => nats * (1 + sign * 5e-7));
  };
  const reference = { chosen: await score('chosen', 1), rejected: await score('rejected', -1) };
  const objective = new DpoObjective({ model, samples, reference, spec: plainDpo, guard: null, ops: {} });
  const { metrics } = await new Stepper(objective).step(all);
  expect(metrics['rewards/margins']).toBeGreaterThan(0);
  expect(metrics['rewards/accuracies']).toBe(0);
});
