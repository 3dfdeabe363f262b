import { beforeAll, describe, expect, test } from 'vitest';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { plainDpo, Stepper, type StepRecord } from '../../helpers/training.ts';
import { goldenAbsent, goldenPresent, readGolden, readGoldenSamples, stories260k } from '../../helpers/trl-golden.ts';
import type { Golden } from '../../helpers/trl-golden.ts';

/** TRL 1.13's DPO trajectory of 20 steps on the same batches; tolerances from the golden's own README. */
const lossTolerance = 1e-5;
const rewardTolerance = 5e-5;

if (!goldenPresent) console.warn(goldenAbsent);

describe.skipIf(!goldenPresent)('20 steps of DPO on stories-260k equal TRL’s', () => {
  let golden: Golden;
  let model: CausalLm;
  const steps: StepRecord[] = [];

  beforeAll(async () => {
    await openTestBackend();
    golden = readGolden('260K');
    model = await loadModel(openFolder(stories260k));
    const samples = readGoldenSamples('260K').slice(0, 8 * golden.steps.length);
    const ops = nativeOps();
    const reference = {
      chosen: await scoreSequences(
        model,
        samples.map(({ chosen }) => chosen),
        { ops },
      ),
      rejected: await scoreSequences(
        model,
        samples.map(({ rejected }) => rejected),
        { ops },
      ),
    };
    const objective = new DpoObjective({ model, samples, reference, spec: plainDpo, guard: null, ops });
    const stepper = new Stepper(objective, 2e-5);
    for (const { step } of golden.steps) {
      steps.push(await stepper.step(Array.from({ length: 8 }, (_, i) => 8 * (step - 1) + i)));
    }
  });

  test('loss, within 1e-5 and without drifting to one side', () => {
    const off = golden.steps.map(({ loss }, i) => (steps[i]?.metrics['loss'] ?? Number.NaN) - loss);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(lossTolerance);
    const above = off.filter((difference) => difference > 0).length;
    expect(above).toBeGreaterThanOrEqual(4);
    expect(above).toBeLessThanOrEqual(16);
  });

  test('rewards of every pair, within 5e-5', () => {
    golden.steps.forEach(({ rewards_chosen, rewards_rejected }, i) => {
      const metrics = steps[i]?.samples.metrics;
      const differences = [
        ...rewards_chosen.map((reward, j) => reward - (metrics?.['rewards/chosen']?.[j] ?? Number.NaN)),
        ...rewards_rejected.map((reward, j) => reward - (metrics?.['rewards/rejected']?.[j] ?? Number.NaN)),
      ];
      expect(Math.max(...differences.map(Math.abs))).toBeLessThan(rewardTolerance);
    });
  });

  test('gradient norm of every step, within 1e-5 relative', () => {
    golden.steps.forEach(({ grad_norm }, i) => {
      expect(Math.abs((steps[i]?.gradNorm ?? Number.NaN) / grad_norm - 1)).toBeLessThan(1e-5);
    });
  });

  test('sum and norm of every weight at the end', () => {
    for (const [name, { sum, norm }] of Object.entries(golden.final_params)) {
      const values = model.parameters.get(name)?.dataSync() ?? [];
      let [total, squares] = [0, 0];
      for (const value of values) [total, squares] = [total + value, squares + value * value];
      expect(Math.abs(total - sum), `sum of ${name}`).toBeLessThan(2e-3);
      expect(Math.abs(Math.sqrt(squares) / norm - 1), `norm of ${name}`).toBeLessThan(1e-5);
    }
  });
});
