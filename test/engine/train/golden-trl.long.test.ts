import { beforeAll, describe, expect, test } from 'vitest';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import type { PreferenceSample } from '../../../src-main/engine/data/tokenise.ts';
import type { CompletionSequence } from '../../../src-main/engine/losses/layout.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { nativeMissing } from '../../backends/native-available.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { findStories15m } from '../../helpers/stories15m.ts';
import { plainDpo, Stepper, type StepRecord } from '../../helpers/training.ts';
import { goldenAbsent, goldenPresent, readGolden, readGoldenSamples, stories260k } from '../../helpers/trl-golden.ts';
import type { Golden } from '../../helpers/trl-golden.ts';

/** TRL 1.13's DPO trajectories on the same batches, from their own README. */
const lossTolerance = 1e-5;

if (!goldenPresent) console.warn(goldenAbsent);

/** 8 pairs a step in file order, with AdamW at 2e-5. */
async function followTrl(
  size: '260K' | '15M',
  folder: string,
  golden: Golden,
  precision: 'float32' | 'bf16' = 'float32',
): Promise<[CausalLm, StepRecord[]]> {
  await openTestBackend();
  const model = await loadModel(openFolder(folder));
  const { half } = nativeOps();
  if (precision === 'bf16' && half !== undefined) model.computeInHalf({ ...half, multiplies: true });
  const samples = readGoldenSamples(size).slice(0, 8 * golden.steps.length);
  const ops = nativeOps();
  const scores = async (pick: (sample: PreferenceSample) => CompletionSequence) =>
    scoreSequences(model, samples.map(pick), { ops });
  const reference = {
    chosen: await scores(({ chosen }) => chosen),
    rejected: await scores(({ rejected }) => rejected),
  };
  const stepper = new Stepper(new DpoObjective({ model, samples, reference, spec: plainDpo, guard: null, ops }), 2e-5);
  const steps: StepRecord[] = [];
  for (const { step } of golden.steps) {
    steps.push(await stepper.step(Array.from({ length: 8 }, (_, i) => 8 * (step - 1) + i)));
  }
  return [model, steps];
}

function lossDifferences(golden: Golden, steps: readonly StepRecord[]): number[] {
  return golden.steps.map(({ loss }, i) => (steps[i]?.metrics['loss'] ?? Number.NaN) - loss);
}

function largestRewardDifference(golden: Golden, steps: readonly StepRecord[]): number {
  const differences = golden.steps.flatMap(({ rewards_chosen, rewards_rejected }, i) => {
    const metrics = steps[i]?.tables.trained?.metrics;
    return [
      ...rewards_chosen.map((reward, j) => reward - (metrics?.['rewards/chosen']?.[j] ?? Number.NaN)),
      ...rewards_rejected.map((reward, j) => reward - (metrics?.['rewards/rejected']?.[j] ?? Number.NaN)),
    ];
  });
  return Math.max(...differences.map(Math.abs));
}

function largestNormError(golden: Golden, steps: readonly StepRecord[]): number {
  return Math.max(
    ...golden.steps.map(({ grad_norm }, i) => Math.abs((steps[i]?.gradNorm ?? Number.NaN) / grad_norm - 1)),
  );
}

describe.skipIf(!goldenPresent)('20 steps of DPO on stories-260k equal TRL’s', () => {
  let golden: Golden;
  let model: CausalLm;
  let steps: StepRecord[];

  beforeAll(async () => {
    golden = readGolden('260K');
    [model, steps] = await followTrl('260K', stories260k, golden);
  });

  test('loss, within 1e-5 and without drifting to one side', () => {
    const off = lossDifferences(golden, steps);
    expect(Math.max(...off.map(Math.abs))).toBeLessThan(lossTolerance);
    const above = off.filter((difference) => difference > 0).length;
    expect(above).toBeGreaterThanOrEqual(4);
    expect(above).toBeLessThanOrEqual(16);
  });

  test('rewards of every pair, within 5e-5', () => {
    expect(largestRewardDifference(golden, steps)).toBeLessThan(5e-5);
  });

  test('gradient norm of every step, within 1e-5 relative', () => {
    expect(largestNormError(golden, steps)).toBeLessThan(1e-5);
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

/** Steps of the larger model; each takes a second or more. */
const slowSteps = 4;

describe.skipIf(!goldenPresent)(`${slowSteps} steps of DPO on stories15M equal TRL’s`, () => {
  test('loss and gradient norm within 1e-5, rewards within 1e-4', async ({ skip }) => {
    const stories = await findStories15m();
    if (stories.folder === null) return skip(stories.reason);
    const all = readGolden('15M');
    const golden = { ...all, steps: all.steps.slice(0, slowSteps) };
    const [, steps] = await followTrl('15M', stories.folder, golden);
    expect(Math.max(...lossDifferences(golden, steps).map(Math.abs))).toBeLessThan(lossTolerance);
    expect(largestNormError(golden, steps)).toBeLessThan(1e-5);
    // TRL's own rewards of the first step, exactly 0 in theory, are off by up to 5e-5 here.
    expect(largestRewardDifference(golden, steps)).toBeLessThan(1e-4);
  });
});

describe.skipIf(!goldenPresent || nativeMissing !== undefined)('20 steps of DPO on stories-260k in bf16', () => {
  test('have TRL’s float32 losses within 1 %, and prefer what TRL prefers', async () => {
    const golden = readGolden('260K');
    const [, steps] = await followTrl('260K', stories260k, golden, 'bf16');
    golden.steps.forEach(({ loss, rewards_chosen, rewards_rejected }, i) => {
      const { metrics, tables } = steps[i]!;
      expect(Math.abs(metrics['loss']! / loss - 1)).toBeLessThan(0.01);
      // Before the first update neither response is preferred, and what is left is rounding.
      if (i === 0) return expect(metrics['rewards/accuracies']).toBe(0);
      const preferred = rewards_chosen.map((reward, j) => Math.sign(reward - rewards_rejected[j]!));
      expect(tables.trained?.metrics['rewards/margins']?.map(Math.sign)).toEqual(preferred);
    });
  });
});
