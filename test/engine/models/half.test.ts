import { beforeAll, describe, expect, test } from 'vitest';
import { nativeOps, openBackend } from '../../../src-main/backends/index.ts';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { addAdapter } from '../../../src-main/engine/models/lora.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import type { HalfPrecision } from '../../../src-main/engine/ports.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { nativeMissing } from '../../backends/native-available.ts';
import { plainDpo, randomPairs, Stepper, tinyModel } from '../../helpers/training.ts';

const pairs = randomPairs(8);
const adapter = { rank: 2, alpha: 4, dropout: 0, targets: ['all-linear'] };

describe.skipIf(nativeMissing !== undefined)('bf16', () => {
  beforeAll(async () => {
    await openBackend({ prefer: 'tensorflow-cpu' });
  });

  /** Three steps, as the loss of each and the preferences of the last. */
  async function trained(multiplies: boolean | null, lora: boolean) {
    const ops = nativeOps();
    const model = lora ? addAdapter(tinyModel(), adapter, createRandom(0, 'adapter')) : tinyModel();
    const half: HalfPrecision | null = multiplies === null ? null : { ...ops.half!, multiplies };
    if (half !== null) model.computeInHalf(half);
    const score = (which: 'chosen' | 'rejected') =>
      scoreSequences(
        model,
        pairs.map((pair) => pair[which]),
        { ops },
      );
    const reference = { chosen: await score('chosen'), rejected: await score('rejected') };
    const stepper = new Stepper(
      new DpoObjective({ model, samples: pairs, reference, spec: plainDpo, guard: null, ops }),
      1e-2,
    );
    const losses: number[] = [];
    let preferences: readonly number[] = [];
    for (let step = 0; step < 3; step++) {
      const { metrics, tables } = await stepper.step([...pairs.keys()]);
      losses.push(metrics.loss!);
      preferences = (tables.trained?.metrics['rewards/margins'] ?? []).map(Math.sign);
    }
    const stored = [...model.parameters].filter(([, weight]) => half?.stores(weight) === true).map(([name]) => name);
    return { losses, preferences, stored };
  }

  test.each([true, false])(
    'keeps to float32 within a hundredth, the adapter’s base in half the memory; products in bf16: %s',
    async (multiplies) => {
      const [half, whole] = [await trained(multiplies, true), await trained(null, true)];
      half.losses.forEach((loss, i) => expect(Math.abs(loss / whole.losses[i]! - 1)).toBeLessThan(0.01));
      expect(half.preferences).toEqual(whole.preferences);
      expect(half.preferences).toHaveLength(pairs.length);
      expect(half.stored).toHaveLength(7);
      expect(half.stored.every((name) => /_proj\.weight$/.test(name))).toBe(true);
    },
  );

  test('of a model that trains whole, the weights stay float32', async () => {
    const [half, whole] = [await trained(true, false), await trained(null, false)];
    half.losses.forEach((loss, i) => expect(Math.abs(loss / whole.losses[i]! - 1)).toBeLessThan(0.01));
    expect(half.stored).toEqual([]);
  });
});
