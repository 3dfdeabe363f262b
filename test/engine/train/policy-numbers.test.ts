import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { OnlineDpoObjective } from '../../../src-main/engine/objectives/online-dpo.ts';
import { PolicyGradientObjective } from '../../../src-main/engine/objectives/policy-gradient.ts';
import { algorithmSpec } from '../../../src-main/shared/domain/algorithms.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { randomPairs, tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend();
});

const pairs = randomPairs(6);
const all = pairs.map((_, i) => i);

/** Three responses to each prompt, of which the last is another prompt's; those of the fifth prompt are worth the same. */
function responseTo(id: string, place: number) {
  const at = pairs.findIndex((pair) => pair.id === id);
  const { chosen, rejected } = pairs[at]!;
  const other = pairs[(at + 1) % pairs.length]!.chosen;
  const borrowed = Int32Array.from([...chosen.ids.slice(0, chosen.from), ...other.ids.slice(other.from)]);
  const sequence = [chosen, rejected, { ids: borrowed, from: chosen.from }][place % 3]!;
  return { sequence, text: at === 4 ? '.' : '.'.repeat(1 + ((2 * at + sequence.ids.length) % 5)) };
}

/** A step of an objective whose policy is not its reference. With a dropout seed, which does nothing here, the policy is measured apart. */
async function step(algorithm: Record<string, unknown>, microBatchSize: number, isMeasuredApart: boolean) {
  const [model, reference] = [tinyModel(2), tinyModel(1)];
  const passes = vi.spyOn(model, 'packedStates');
  const spec = algorithmSpec.parse({
    reward: { kind: 'lexicon' },
    samplesPerPrompt: 3,
    temperature: 0.7,
    ...algorithm,
  });
  const options = {
    model,
    reference,
    samples: pairs.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) })),
    reward: (_: unknown, texts: readonly string[]) => Promise.resolve(texts.map(({ length }) => length)),
    guard: null,
    ops: {},
    sample: (asked: readonly { id: string }[]) => Promise.resolve(asked.map(({ id }, i) => responseTo(id, i))),
    dropoutSeed: isMeasuredApart ? () => 0 : undefined,
  };
  const objective =
    spec.kind === 'online-dpo'
      ? new OnlineDpoObjective({ ...options, spec })
      : new PolicyGradientObjective({ ...options, spec: spec as Extract<typeof spec, { kind: 'rloo' | 'grpo' }> });
  const gradients: number[][] = [];
  const { metrics, tables } = await objective.step({ indices: all, microBatchSize, step: 1 }, (made, loss, norm) => {
    gradients.push([loss, norm ?? Number.NaN, ...[...made.values()].flatMap((tensor) => [...tensor.dataSync()])]);
    // The policy moves, so that a second epoch has ratios of its own.
    for (const [name, gradient] of made) {
      const variable = model.trainable.get(name)!;
      variable.assign(tf.sub(variable, tf.mul(gradient, 0.1)));
    }
    tf.dispose([...made.values()]);
    return Promise.resolve();
  });
  return { gradients, metrics, table: tables.trained!, passes: passes.mock.calls.length };
}

/** With the policy's passes that learn, and those that only measure where its numbers come from these. */
const cases: [string, Record<string, unknown>, { size: number; learning: number; measuring: number }][] = [
  ['RLOO', { kind: 'rloo', klWeight: 0.2 }, { size: 6, learning: 1, measuring: 0 }],
  ['RLOO, no KL', { kind: 'rloo', klWeight: 0 }, { size: 6, learning: 1, measuring: 0 }],
  ['RLOO, two epochs in parts', { kind: 'rloo', klWeight: 0.2, epochs: 2 }, { size: 2, learning: 6, measuring: 0 }],
  ['RLOO, normalised', { kind: 'rloo', normalizeAdvantages: true }, { size: 6, learning: 1, measuring: 0 }],
  ['RLOO, normalised, in parts', { kind: 'rloo', normalizeAdvantages: true }, { size: 4, learning: 2, measuring: 1 }],
  [
    'RLOO, normalised, no KL, in parts',
    { kind: 'rloo', klWeight: 0, normalizeAdvantages: true, epochs: 2 },
    { size: 4, learning: 4, measuring: 0 },
  ],
  [
    'RLOO under a KL limit',
    { kind: 'rloo', klLimit: { nats: 0.5, action: 'shrink' } },
    { size: 4, learning: 2, measuring: 0 },
  ],
  ['GRPO', { kind: 'grpo', scale: 'batch' }, { size: 4, learning: 2, measuring: 0 }],
  ['GRPO, KL, two epochs', { kind: 'grpo', klWeight: 0.3, epochs: 2 }, { size: 4, learning: 4, measuring: 0 }],
  ['DAPO', { kind: 'grpo', loss: 'dapo', clipRange: 0.01, epochs: 2 }, { size: 6, learning: 2, measuring: 0 }],
  // The third response of each prompt, or the second and third where all are worth the same.
  ['online DPO', { kind: 'online-dpo' }, { size: 4, learning: 2, measuring: 1 }],
  ['online DPO on two', { kind: 'online-dpo', samplesPerPrompt: 2 }, { size: 6, learning: 1, measuring: 1 }],
];

describe('log-probs from the pass that learns from them are those of a pass of their own', () => {
  test.each(cases)('%s', async (_, algorithm, { size, learning, measuring }) => {
    const [usual, apart] = [await step(algorithm, size, false), await step(algorithm, size, true)];
    expect(apart.passes).toBe(learning + 1);
    expect(usual.passes).toBe(learning + measuring);
    expect(usual.gradients.length).toBe(apart.gradients.length);
    usual.gradients.forEach((numbers, update) => {
      const other = apart.gradients[update]!;
      const largest = Math.max(...other.map(Math.abs));
      numbers.forEach((value, i) => expect(Math.abs(value - other[i]!)).toBeLessThan(1e-5 * Math.max(1, largest)));
    });
    expect(Object.keys(usual.metrics)).toEqual(Object.keys(apart.metrics));
    for (const [name, value] of Object.entries(apart.metrics)) {
      expect((usual.metrics as Record<string, number>)[name], name).toBeCloseTo(value, 4);
    }
    for (const [name, values] of Object.entries(apart.table.metrics)) {
      const own = (usual.table.metrics as Record<string, number[]>)[name]!;
      values.forEach((value, i) => expect(own[i], name).toBeCloseTo(value, 4));
    }
    // The policy is not the reference, so a KL that was left out would show.
    expect(Math.abs(apart.metrics['objective/kl']!)).toBeGreaterThan(0.01);
  });
});
