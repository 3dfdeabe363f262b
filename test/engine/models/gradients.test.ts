import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { layoutBatch } from '../../../src-main/engine/losses/layout.ts';
import { completionLogProbs } from '../../../src-main/engine/losses/token-log-probs.ts';
import { lossGradients } from '../../../src-main/engine/optim/gradients.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import {
  goldenFamilies,
  loadGoldenModel,
  modelAsset,
  readRecorded,
  recordedSequences,
} from '../../helpers/golden-models.ts';

/** Per weight the norm of its gradient and Σ cos(i)·gradient[i], by torch (test/golden/models/gradients.py). */
const recorded = JSON.parse(readFileSync(modelAsset('gradients.json'), 'utf8')) as Record<
  string,
  { logProb: number; gradients: Record<string, [norm: number, probe: number]> }
>;

beforeAll(async () => {
  await openTestBackend();
});

describe('gradients of every weight equal torch’s', () => {
  it.each(goldenFamilies)('%s', async (family) => {
    const model = await loadGoldenModel(family);
    const layout = layoutBatch(recordedSequences(readRecorded(family, 'golden.json')));
    const { value, gradients } = lossGradients(
      model.trainable,
      () => tf.sum(completionLogProbs(model, layout).sums) as tf.Scalar,
    );
    const golden = recorded[family]!;
    expect(value.dataSync()[0]).toBeCloseTo(golden.logProb, 3);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(golden.gradients).sort());
    for (const [name, [norm, probe]] of Object.entries(golden.gradients)) {
      const numbers = [...gradients.get(name)!.dataSync()];
      const ours = [Math.hypot(...numbers), numbers.reduce((sum, x, i) => sum + Math.cos(i) * x, 0)];
      const gap = Math.max(Math.abs(ours[0]! - norm), Math.abs(ours[1]! - probe)) / Math.max(norm, 1e-2);
      expect(gap, name).toBeLessThan(5e-5);
    }
    tf.dispose([value, ...gradients.values()]);
    model.dispose();
  });
});
