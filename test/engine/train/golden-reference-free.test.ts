import { beforeAll, describe, expect, test } from 'vitest';
import { ReferenceFreeObjective } from '../../../src-main/engine/objectives/reference-free.ts';
import { runSpecSchema, type RunSpecInput } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import {
  largestGaps,
  largestWeightDifference,
  readTraining,
  samplesOf,
  type Fingerprint,
  type RecordedPair,
} from '../../helpers/recorded-training.ts';
import { runInOrder } from '../../helpers/training.ts';

/** Five steps of ORPO and SimPO by TRL 1.13's ORPOTrainer and CPOTrainer (test/golden/training/reference_free.py). */
interface Recorded {
  pairs: RecordedPair[];
  cases: Record<string, { steps: Record<string, number>[]; weights: Fingerprint }>;
}
const recorded = readTraining<Recorded>('reference-free');

const algorithms: Record<string, RunSpecInput['algorithm']> = {
  orpo: { kind: 'orpo', beta: 0.2 },
  simpo: { kind: 'simpo', beta: 2, gamma: 0.5 },
  'simpo with smoothing': { kind: 'simpo', beta: 1.5, gamma: 0.3, labelSmoothing: 0.1 },
};

beforeAll(async () => {
  await openTestBackend();
});

describe('five steps without a reference equal TRL’s', () => {
  test.each(Object.keys(recorded.cases))('%s', async (name) => {
    const { steps, weights } = recorded.cases[name]!;
    const spec = runSpecSchema.parse({
      name,
      model: 'm',
      dataset: { train: 'd' },
      algorithm: algorithms[name],
      optimizer: { learningRate: 1e-3 },
      batch: { size: 4 },
      steps: steps.length,
    });
    if (spec.algorithm.kind !== 'orpo' && spec.algorithm.kind !== 'simpo') throw new Error('another algorithm');
    const model = await loadGoldenModel('llama');
    const objective = new ReferenceFreeObjective({
      model,
      samples: samplesOf(recorded.pairs),
      spec: spec.algorithm,
      ops: {},
    });
    const gaps = largestGaps(await runInOrder(spec, objective), steps);
    const ofWeights = largestWeightDifference(model.parameters, weights);
    objective.dispose();
    model.dispose();
    for (const [metric, gap] of Object.entries(gaps)) expect(gap, metric).toBeLessThan(1e-5);
    expect(ofWeights).toBeLessThan(2e-5);
  });
});
