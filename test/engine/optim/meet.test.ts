import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { meet } from '../../../src-main/engine/optim/meet.ts';
import type { Gradients } from '../../../src-main/engine/optim/adamw.ts';
import { openTestBackend } from '../../helpers/backend.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

const gradients = (parts: Record<string, number[]>): Gradients =>
  new Map(Object.entries(parts).map(([name, values]) => [name, tf.tensor(values)]));

test.each([
  // g·r = 1 − 2 = −1, r·r = 2: g + r/2. |g|² = 1 + 4 + 9 before, 2.25 + 2.25 + 9 after.
  ['project', [1, 1], [1.5, -1.5], -1 / Math.sqrt(2 * 14), 0.5 / 14],
  // The second coordinate disagrees: |g|² is 1 + 9 after.
  ['agree', [1, 1], [1, 0], -1 / Math.sqrt(2 * 14), 4 / 14],
  // No conflict as a whole: A-GEM leaves the update, sign agreement still leaves the first coordinate out.
  ['project', [-1, -1], [1, -2], 1 / Math.sqrt(2 * 14), 0],
  ['agree', [-1, -1], [0, -2], 1 / Math.sqrt(2 * 14), 1 / 14],
  // A guard that pulls nowhere changes nothing.
  ['project', [0, 0], [1, -2], 0, 0],
  ['agree', [0, 0], [1, -2], 0, 0],
] as const)('%s under a guard of %j', async (how, guard, expected, cosine, removed) => {
  const before = tf.memory().numTensors;
  const met = await meet(gradients({ shared: [1, -2], head: [3] }), gradients({ shared: [...guard] }), how);
  const found = [...met.gradients].map(([name, tensor]) => [name, [...tensor.dataSync()].map((x) => x + 0)]);
  expect(found).toEqual([
    ['shared', expected],
    ['head', [3]],
  ]);
  expect(met.norm).toBeCloseTo(Math.hypot(...expected, 3), 6);
  expect([met.cosine, met.removed].map((x) => x.toFixed(6))).toEqual([cosine, removed].map((x) => x.toFixed(6)));
  // Both were taken over: what is left is what came of them.
  expect(tf.memory().numTensors - before).toBe(2);
});
