import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CompletionSample } from '../../../src-main/engine/data/tokenise.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { addAdapter } from '../../../src-main/engine/models/lora.ts';
import { SftObjective } from '../../../src-main/engine/objectives/sft.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { runSpecSchema } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import {
  largestGap,
  largestWeightDifference,
  readTraining,
  type Fingerprint,
  type RecordedPair,
} from '../../helpers/recorded-training.ts';
import { runInOrder } from '../../helpers/training.ts';

/** Six steps of two micro-batches by TRL 1.13's SFTTrainer (test/golden/training/sft.py). */
interface Recorded {
  pairs: RecordedPair[];
  maxLength: number;
  lora: { rank: number; alpha: number };
  cases: Record<
    string,
    { start: Record<string, number[][]>; steps: { loss: number; grad_norm: number }[]; weights: Fingerprint }
  >;
}
const recorded = readTraining<Recorded>('sft');

beforeAll(async () => {
  await openTestBackend();
});

async function startOf(name: string): Promise<CausalLm> {
  const plain = await loadGoldenModel('llama');
  if (name !== 'adapter') return plain;
  const settings = { ...recorded.lora, dropout: 0, targets: ['all-linear'] };
  const model = addAdapter(plain, settings, createRandom(0));
  for (const [weight, values] of Object.entries(recorded.cases[name]!.start)) {
    tf.tidy(() => model.parameters.get(weight)?.assign(tf.tensor2d(values)));
  }
  return model;
}

describe('six steps of supervised fine-tuning equal TRL’s', () => {
  test.each(Object.keys(recorded.cases))('%s', async (name) => {
    const { steps, weights } = recorded.cases[name]!;
    const samples = recorded.pairs.map(({ prompt, chosen }, i): CompletionSample => {
      const ids = Int32Array.from([...prompt, ...chosen].slice(0, recorded.maxLength));
      return { id: `${i}`, sequence: { ids, from: name === 'whole sequences' ? 0 : prompt.length } };
    });
    const spec = runSpecSchema.parse({
      name: 'sft',
      model: 'm',
      dataset: { train: 'd' },
      algorithm: { kind: 'sft' },
      optimizer: { learningRate: name === 'adapter' ? 1e-2 : 1e-3 },
      batch: { size: 2, accumulation: 2 },
      steps: steps.length,
    });
    const model = await startOf(name);
    const events = await runInOrder(spec, new SftObjective({ model, samples, ops: {} }));
    const gap = (metric: 'loss' | 'grad_norm') =>
      largestGap(
        events.map(({ metrics }) => metrics[metric]),
        steps.map((step) => step[metric]),
      );
    const gaps = { loss: gap('loss'), norm: gap('grad_norm') };
    const ofWeights = largestWeightDifference(model.trainable, weights);
    const names = [...model.trainable.keys()].sort();
    model.dispose();
    expect(names).toEqual(Object.keys(weights).sort());
    expect(gaps.loss).toBeLessThan(2e-5);
    expect(gaps.norm).toBeLessThan(5e-5);
    expect(ofWeights).toBeLessThan(1e-4);
  });
});
