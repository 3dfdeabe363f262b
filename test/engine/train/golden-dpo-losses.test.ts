import type { StepMetricName } from '../../../src-main/shared/domain/metrics.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import { learningRateAt } from '../../../src-main/engine/optim/schedule.ts';
import { runSpecSchema, type OptimizerSpec, type RunSpecInput } from '../../../src-main/shared/domain/run-spec.ts';
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

/** Six steps of each preference loss by TRL 1.13's DPOTrainer (test/golden/training/dpo.py). */
interface Recorded {
  pairs: RecordedPair[];
  cases: Record<string, { steps: Record<string, number>[]; weights: Fingerprint }>;
  schedules: { schedule: OptimizerSpec['schedule']; warmupSteps: number; rates: number[] }[];
}
const recorded = readTraining<Recorded>('dpo');

const specs: Record<string, Partial<RunSpecInput>> = {
  sigmoid: {},
  hinge: { algorithm: { kind: 'dpo', loss: 'hinge' } },
  ipo: { algorithm: { kind: 'dpo', loss: 'ipo' } },
  labelSmoothing: { algorithm: { kind: 'dpo', labelSmoothing: 0.2 } },
  nllWeight: { algorithm: { kind: 'dpo', nllWeight: 0.7 } },
  'sigmoid-norm': { algorithm: { kind: 'dpo', loss: 'sigmoid-norm' } },
  'apo-zero': { algorithm: { kind: 'dpo', loss: 'apo-zero' } },
  robust: { algorithm: { kind: 'dpo', loss: 'robust', labelSmoothing: 0.2 } },
  'weighted list': {
    algorithm: {
      kind: 'dpo',
      loss: [
        { kind: 'sigmoid', weight: 0.8 },
        { kind: 'ipo', weight: 0.02 },
      ],
    },
  },
  'accumulated, clipped, decayed, cosine': {
    batch: { size: 2, accumulation: 2 },
    optimizer: { learningRate: 1e-3, maxGradNorm: 0.5, weightDecay: 0.1, schedule: 'cosine', warmupSteps: 2 },
  },
};

beforeAll(async () => {
  await openTestBackend();
});

describe('six steps of DPO equal TRL’s', () => {
  test.each(Object.keys(recorded.cases))('%s', async (name) => {
    const { steps, weights } = recorded.cases[name]!;
    const spec = runSpecSchema.parse({
      name,
      model: 'm',
      dataset: { train: 'd' },
      algorithm: { kind: 'dpo' },
      optimizer: { learningRate: 1e-3 },
      batch: { size: 4 },
      steps: steps.length,
      ...specs[name],
    });
    if (spec.algorithm.kind !== 'dpo') throw new Error('not DPO');
    const model = await loadGoldenModel('llama');
    const samples = samplesOf(recorded.pairs);
    const score = (part: 'chosen' | 'rejected') =>
      scoreSequences(
        model,
        samples.map((sample) => sample[part]),
      );
    const reference = { chosen: await score('chosen'), rejected: await score('rejected') };
    const objective = new DpoObjective({ model, samples, reference, spec: spec.algorithm, guard: null, ops: {} });
    const events = await runInOrder(spec, objective);
    // Before the first update every margin is 0 but for rounding, so that its sign says nothing.
    const firstMoved = 1 + steps.findIndex((step) => step['learning_rate']! > 0);
    const gaps = Object.keys(steps[0]!).map((metric) => {
      const from = metric === 'rewards/accuracies' ? firstMoved : 0;
      const found = events.slice(from).map(({ metrics }) => metrics[metric as StepMetricName]);
      const wanted = steps.slice(from).map((step) => step[metric]!);
      return [metric, largestGap(found, wanted) / Math.max(1, ...wanted.map(Math.abs))] as const;
    });
    const ofWeights = largestWeightDifference(model.parameters, weights);
    model.dispose();
    for (const [metric, gap] of gaps) expect(gap, metric).toBeLessThan(5e-6);
    expect(ofWeights).toBeLessThan(1e-5);
  });
});

test('learning rates equal transformers’', () => {
  for (const { schedule, warmupSteps, rates } of recorded.schedules) {
    const ours = rates.map((_, step) => learningRateAt(step, rates.length, { schedule, warmupSteps, learningRate: 1 }));
    expect(largestGap(ours, rates), `${schedule}, ${warmupSteps}`).toBeLessThan(1e-12);
  }
});
