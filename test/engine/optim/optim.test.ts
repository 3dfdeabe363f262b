import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { customGradient } from '../../../src-main/engine/models/custom-gradient.ts';
import { AdamW } from '../../../src-main/engine/optim/adamw.ts';
import { addGradients, clipFactor, globalNorm, lossGradients } from '../../../src-main/engine/optim/gradients.ts';
import { learningRateAt } from '../../../src-main/engine/optim/schedule.ts';
import { openTestBackend } from '../../helpers/backend.ts';

const spec = { weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

/** torch.optim.AdamW, written out in double precision. */
function adamWByHand(start: number, gradients: number[], rate: number, decay: number): number {
  let [p, m, v] = [start, 0, 0];
  gradients.forEach((g, i) => {
    p *= 1 - rate * decay;
    m = spec.beta1 * m + (1 - spec.beta1) * g;
    v = spec.beta2 * v + (1 - spec.beta2) * g * g;
    const step = i + 1;
    p -= (rate * (m / (1 - spec.beta1 ** step))) / (Math.sqrt(v / (1 - spec.beta2 ** step)) + spec.epsilon);
  });
  return p;
}

function makeParameters(): Map<string, Variable> {
  return new Map<string, Variable>([
    ['matrix', tf.variable(tf.tensor2d([1, -2, 3, 0.5], [2, 2]))],
    ['norm', tf.variable(tf.tensor1d([1, 1]))],
  ]);
}

beforeAll(async () => {
  await openTestBackend('cpu');
});

describe('AdamW', () => {
  const gradients = [
    [0.1, -0.2, 3, 0],
    [0.3, 0.2, -1, 0],
    [-0.1, 0.5, 2, 1e-3],
  ];

  test('equals the textbook update; decay leaves vectors alone', () => {
    const parameters = makeParameters();
    const optimizer = new AdamW(parameters, spec);
    for (const step of gradients) {
      optimizer.update(
        new Map<string, tf.Tensor>([
          ['matrix', tf.tensor2d(step, [2, 2])],
          ['norm', tf.tensor1d(step.slice(0, 2))],
        ]),
        0.01,
      );
    }
    const expected = [1, -2, 3, 0.5].map((start, i) =>
      adamWByHand(
        start,
        gradients.map((step) => step[i] ?? 0),
        0.01,
        0.1,
      ),
    );
    const matrix = [...(parameters.get('matrix')?.dataSync() ?? [])];
    matrix.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 6));
    const norm = parameters.get('norm')?.dataSync()[0];
    expect(norm).toBeCloseTo(adamWByHand(1, [0.1, 0.3, -0.1], 0.01, 0), 6);
  });

  test('goes on from a restored state exactly, and keeps its number of tensors', () => {
    const whole = makeParameters();
    const uninterrupted = new AdamW(whole, spec);
    const halves = makeParameters();
    let half = new AdamW(halves, spec);
    let tensorsAfterFirst: number | undefined;
    gradients.forEach((step, i) => {
      const gradient = (): Map<string, tf.Tensor> => new Map([['matrix', tf.tensor2d(step, [2, 2])]]);
      uninterrupted.update(gradient(), 0.01);
      if (i === 1) {
        const saved = half.tensors();
        const done = half.step;
        half.dispose();
        half = new AdamW(halves, spec);
        half.restore(done, saved);
      }
      half.update(gradient(), 0.01);
      // The test's own gradients are the only tensors that grow: two a step.
      const now = tf.memory().numTensors - 2 * (i + 1);
      tensorsAfterFirst ??= now;
      expect(now).toBe(tensorsAfterFirst);
    });
    expect(halves.get('matrix')?.dataSync()).toEqual(whole.get('matrix')?.dataSync());
  });

  test('reads the moments of earlier checkpoints, which were kept divided by 1 − β', () => {
    const [now, before] = [makeParameters(), makeParameters()];
    const gradient = (): Map<string, tf.Tensor> => new Map([['matrix', tf.tensor2d(gradients[0]!, [2, 2])]]);
    const first = new AdamW(now, spec);
    first.update(gradient(), 0.01);
    const second = new AdamW(before, spec);
    before.get('matrix')?.assign(now.get('matrix') as tf.Variable);
    second.restore(1, {
      'matrix.first': tf.tensor2d(gradients[0]!, [2, 2]),
      'matrix.second': tf.tensor2d(
        gradients[0]!.map((g) => g * g),
        [2, 2],
      ),
      'norm.first': tf.zeros([2]),
      'norm.second': tf.zeros([2]),
    });
    first.update(gradient(), 0.01);
    second.update(gradient(), 0.01);
    const [a, b] = [now.get('matrix')!.dataSync(), before.get('matrix')!.dataSync()];
    a.forEach((value, i) => expect(b[i]).toBeCloseTo(value, 6));
  });

  test('a scale is the same as scaled gradients', () => {
    const [scaled, by] = [makeParameters(), makeParameters()];
    new AdamW(scaled, spec).update(new Map([['matrix', tf.tensor2d([0.5, 1, 2, 4], [2, 2])]]), 0.01);
    new AdamW(by, spec).update(new Map([['matrix', tf.tensor2d([1, 2, 4, 8], [2, 2])]]), 0.01, 0.5);
    expect(by.get('matrix')?.dataSync()).toEqual(scaled.get('matrix')?.dataSync());
  });
});

describe('gradients', () => {
  test('by name, added up, with their norm', async () => {
    const parameters = makeParameters();
    const half = () =>
      lossGradients(parameters, () => tf.mul(tf.sum(tf.square(parameters.get('matrix') as Variable)), 0.5) as Scalar);
    const sum = addGradients(half().gradients, half().gradients);
    expect([...(sum.get('matrix')?.dataSync() ?? [])]).toEqual([2, -4, 6, 1]);
    expect(sum.has('norm')).toBe(false);
    const [norm] = await globalNorm(sum).data();
    expect(norm).toBeCloseTo(Math.sqrt(4 + 16 + 36 + 1), 5);
  });

  test('clipping never enlarges', () => {
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(4, null)).toBe(1);
    expect(clipFactor(4, 1)).toBeCloseTo(0.25, 5);
  });
});

describe('schedules equal transformers’ get_scheduler', () => {
  // torch LambdaLR over get_scheduler(name, num_warmup_steps=2, num_training_steps=6), lr 1, steps 0…5
  const half = Math.SQRT1_2;
  test.each([
    ['constant' as const, [0, 0.5, 1, 1, 1, 1]],
    ['linear' as const, [0, 0.5, 1, 0.75, 0.5, 0.25]],
    ['cosine' as const, [0, 0.5, 1, 0.5 * (1 + half), 0.5, 0.5 * (1 - half)]],
  ])('%s', (schedule, expected) => {
    expected.forEach((value, step) => {
      expect(learningRateAt(step, 6, { learningRate: 1, schedule, warmupSteps: 2 })).toBeCloseTo(value, 12);
    });
  });
});

describe('the memory of a backward pass', () => {
  const size = 1000;
  const bytes = () => tf.memory().numBytes;

  test('falls on the way back', () => {
    const x = tf.variable(tf.ones([size]), true, 'falls');
    const measured: number[] = [];
    const { value, gradients } = lossGradients(new Map([['x', x]]), () => {
      let y = customGradient(
        [x],
        (input) => ({ value: tf.mul(input, 1.01) as tf.Tensor1D, saved: [] }),
        (dy) => {
          measured.push(bytes());
          return [tf.mul(dy, 1.01)];
        },
      );
      for (let i = 0; i < 20; i++) y = tf.sin(y);
      measured.push(bytes());
      return tf.sum(y) as tf.Scalar;
    });
    const [forward = 0, back = Infinity] = measured;
    expect(forward).toBeGreaterThan(20 * 4 * size);
    expect(back).toBeLessThan(forward - 15 * 4 * size);
    tf.dispose([value, x, ...gradients.values()]);
  });

  test('a gradient that is handed on as it came is still there for the next operation', () => {
    const [a, b] = [tf.variable(tf.tensor1d([1, 2]), true, 'a'), tf.variable(tf.tensor1d([3, 4]), true, 'b')];
    const { value, gradients } = lossGradients(
      new Map([
        ['a', a],
        ['b', b],
      ]),
      () => {
        const [first, second] = [tf.square(a), tf.square(b)];
        const sum = customGradient(
          [first, second],
          (p, q) => ({ value: tf.add(p, q), saved: [] }),
          (dy) => [dy, dy],
        );
        return tf.sum(tf.mul(sum, sum)) as tf.Scalar;
      },
    );
    // d/da (a² + b²)² = 4a(a² + b²)
    expect([...(gradients.get('a')?.dataSync() ?? [])]).toEqual([40, 160]);
    expect([...(gradients.get('b')?.dataSync() ?? [])]).toEqual([120, 320]);
    tf.dispose([value, a, b, ...gradients.values()]);
  });
});
