import { beforeAll, describe, expect, test } from 'vitest';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import { PairGuard } from '../../../src-main/engine/objectives/pair-guard.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { dpoSpec } from '../../../src-main/shared/domain/algorithms.ts';
import { guardSpec, runSpecSchema } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import {
  largestGap,
  largestGaps,
  largestWeightDifference,
  readTraining,
  samplesOf,
  type Fingerprint,
  type RecordedPair,
} from '../../helpers/recorded-training.ts';
import { runInOrder } from '../../helpers/training.ts';

/** Six steps of each guard by FlipGuardDPOTrainer on TRL 1.13 (test/golden/training/flipguard.py). */
interface Recorded {
  pairs: RecordedPair[];
  cases: Record<
    string,
    {
      guard: Record<string, unknown>;
      steps: Record<string, number>[];
      fired: number[][];
      margins: number[][];
      weights: Fingerprint;
    }
  >;
}
const recorded = readTraining<Recorded>('flipguard');

/** The fields of python/flipguard_callback.py by the names of the run spec. */
function guardOf({ random_rate: randomRate, learned_weight: learnedWeight, ...guard }: Record<string, unknown>) {
  return guardSpec.parse({
    kind: 'flipguard',
    ...guard,
    ...(randomRate === undefined ? {} : { randomRate }),
    ...(learnedWeight === undefined ? {} : { learnedWeight }),
  });
}

beforeAll(async () => {
  await openTestBackend();
});

describe('the guarded loss for PyTorch equals the engine’s', () => {
  test.each(Object.keys(recorded.cases))('%s', async (name) => {
    const { guard: given, steps, fired, margins, weights } = recorded.cases[name]!;
    const spec = runSpecSchema.parse({
      name,
      model: 'm',
      dataset: { train: 'd' },
      algorithm: { kind: 'dpo' },
      guard: guardOf(given),
      optimizer: { learningRate: 1e-3 },
      batch: { size: 2, accumulation: 2 },
      steps: steps.length,
    });
    const [model, preModel] = await Promise.all([loadGoldenModel('llama'), loadGoldenModel('llama')]);
    const samples = samplesOf(recorded.pairs);
    const [chosen, rejected] = [samples.map((one) => one.chosen), samples.map((one) => one.rejected)];
    const reference = {
      chosen: await scoreSequences(preModel, chosen),
      rejected: await scoreSequences(preModel, rejected),
    };
    const algorithm = dpoSpec.parse({ kind: 'dpo' });
    const targets = {
      sampleIds: samples.map(({ id }) => id),
      sequences: chosen,
      pre: reference.chosen,
      select: (indices: readonly number[]) => [...indices],
    };
    const random = createRandom(1, 'gates');
    const guard = new PairGuard({ spec: spec.guard, beta: algorithm.beta, model, preModel, targets, random, ops: {} });
    const objective = new DpoObjective({ model, samples, reference, spec: algorithm, guard, ops: {} });
    const events = await runInOrder(spec, objective);
    const gaps = largestGaps(events, steps);
    const ofWeights = largestWeightDifference(model.parameters, weights);
    model.dispose();
    preModel.dispose();
    expect(events.map(({ tables }) => tables.guarded?.metrics['guard/fired'])).toEqual(fired);
    const ofMargins = events.map(({ tables }, i) =>
      largestGap(tables.trained?.metrics['rewards/margins'] ?? [], margins[i] ?? []),
    );
    // 2.3e-5 where a processor has AVX2 only, below 1e-5 where it has more.
    expect(Math.max(...ofMargins)).toBeLessThan(5e-5);
    for (const [metric, gap] of Object.entries(gaps)) expect(gap, metric).toBeLessThan(5e-5);
    // Where the two responses' gradients cancel, Adam makes a whole step of what rounding left: sums of weights follow less closely.
    expect(ofWeights).toBeLessThan(2e-4);
  });
});

test('the gate fired on some pairs and not on others, so that the comparison says something', () => {
  const rates = recorded.cases['sequence, cross-entropy']!.steps.map((step) => step['guard/firing_rate']!);
  expect(rates.some((rate) => rate > 0 && rate < 1)).toBe(true);
});
