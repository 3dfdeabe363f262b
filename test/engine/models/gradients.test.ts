import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { nativeOps } from '../../../src-main/backends/index.ts';
import { headLogProbs } from '../../../src-main/engine/losses/head.ts';
import type { LayoutOptions } from '../../../src-main/engine/losses/layout.ts';
import { completionHidden, sumPerSequence } from '../../../src-main/engine/losses/token-log-probs.ts';
import { lossGradients } from '../../../src-main/engine/optim/gradients.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { batchFor } from '../../helpers/batches.ts';
import {
  furtherFamilies,
  goldenFamilies,
  loadGoldenModel,
  modelAsset,
  readAlone,
  type RecordedLogits,
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

/** Ways to lay a batch out and to go through it; none may move a number beyond rounding. */
const forms = {
  'packed, each prompt once': {},
  'sizes rounded up, blocks computed twice': { rounded: true, checkpointing: true },
  'in one group, prompts apart, logits in pieces': { sharePrompts: false, splitByLength: false, pieces: true },
  'norms, gates and attention as one operation each': { fused: true },
  'the same, sizes rounded up, blocks computed twice': { fused: true, rounded: true, checkpointing: true },
  'the same, in one group, prompts apart': { fused: true, sharePrompts: false, splitByLength: false },
};

/** Below this a gradient is compared as it is: without a rotation, a bias of keys moves all scores of a query alike, and its own is 0. */
const leastNorm = 5e-2;

const few = { 'packed, each prompt once': {}, 'attention as one operation': { fused: true } };

describe('gradients of every weight equal torch’s', () => {
  it.each(goldenFamilies)('%s', (family) => compare(family, readRecorded(family, 'golden.json'), forms));
  it.each(furtherFamilies)('%s', (family) => compare(family, readAlone(family), few));

  async function compare(family: string, rows: RecordedLogits, forms: Record<string, Form>): Promise<void> {
    const model = await loadGoldenModel(family);
    const sequences = recordedSequences(rows);
    // Each sequence twice over: the second shares the first one's prompt, and both pull alike.
    const twice = [...sequences, ...sequences];
    const golden = recorded[family]!;
    for (const [form, { checkpointing = false, pieces = false, fused = false, ...options }] of Object.entries(forms)) {
      const batch = batchFor(model, twice, { sharePrompts: model.sharesPrompts, ...options });
      const { value, gradients } = lossGradients(model.trainable, () => {
        const hidden = completionHidden(model, batch, { checkpointing, ops: fused ? nativeOps() : undefined });
        const limits = pieces ? { kept: 1, piece: 3 * model.config.vocabSize } : undefined;
        const tokens = headLogProbs(model, hidden, batch.labels, limits === undefined ? {} : { limits });
        return tf.mul(tf.sum(sumPerSequence(tokens, batch)), 0.5) as tf.Scalar;
      });
      expect(value.dataSync()[0], form).toBeCloseTo(golden.logProb, 3);
      expect([...gradients.keys()].sort(), form).toEqual(Object.keys(golden.gradients).sort());
      for (const [name, [norm, probe]] of Object.entries(golden.gradients)) {
        const numbers = [...gradients.get(name)!.dataSync()];
        const ours = [Math.hypot(...numbers), numbers.reduce((sum, x, i) => sum + Math.cos(i) * x, 0)];
        const gap = Math.max(Math.abs(ours[0]! - norm), Math.abs(ours[1]! - probe)) / Math.max(norm, leastNorm);
        expect(gap, `${form}: ${name}`).toBeLessThan(5e-5);
      }
      tf.dispose([value, ...gradients.values()]);
    }
    model.dispose();
  }
});

interface Form extends LayoutOptions {
  checkpointing?: boolean;
  pieces?: boolean;
  /** By the operations of a native library, where there is one. */
  fused?: boolean;
}
