import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { rmsNorm } from '../../../src-main/engine/models/layers.ts';
import { attentionBlocks, causalAttention } from '../../../src-main/engine/models/causal-attention.ts';
import { createDecoder } from '../../../src-main/engine/models/decoder.ts';
import { causalMask } from '../../../src-main/engine/models/mask.ts';
import { rotate } from '../../../src-main/engine/models/rotary.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { goldenFamilies, largestDifference, loadGoldenModel, readRecorded } from '../../helpers/golden-models.ts';
import { makeTinyLlama } from '../../helpers/tiny-model.ts';

beforeAll(async () => {
  await openTestBackend();
});

function hiddenOf(model: CausalLm, rows: number[][]): number[][][] {
  const time = Math.max(...rows.map((row) => row.length));
  const padded = rows.map((row) => [...row, ...new Array<number>(time - row.length).fill(0)]);
  const lengths = rows.map((row) => row.length);
  const all = tf.tidy(() => model.hiddenStates(tf.tensor2d(padded, [rows.length, time], 'int32'), lengths).arraySync());
  return all.map((row, i) => row.slice(0, lengths[i]));
}

describe('hidden states', () => {
  it.each(goldenFamilies)('%s: padding and batch mates do not matter', async (family) => {
    const model = await loadGoldenModel(family);
    const { ids, lengths } = readRecorded(family, 'golden.json');
    const rows = ids.map((row, i) => row.slice(0, lengths[i]));
    const together = hiddenOf(model, [...rows, [...rows[0]!, ...rows[0]!]]);
    const alone = rows.map((row) => hiddenOf(model, [row])[0]);
    model.dispose();
    expect(largestDifference(together.slice(0, rows.length), alone)).toBeLessThan(1e-5);
  });

  it.each(goldenFamilies)('%s: the future does not matter', async (family) => {
    const model = await loadGoldenModel(family);
    const [one, other] = [hiddenOf(model, [[1, 5, 9, 11, 4]])[0]!, hiddenOf(model, [[1, 5, 9, 30, 31]])[0]!];
    model.dispose();
    expect(largestDifference(one.slice(0, 3), other.slice(0, 3))).toBeLessThan(1e-6);
    expect(largestDifference(one.slice(3), other.slice(3))).toBeGreaterThan(1e-2);
  });

  it('leave nothing behind, and weights go with the model', () => {
    const before = tf.memory().numTensors;
    const model = makeTinyLlama({ vocab: 32, dim: 16, layers: 2, heads: 4, kvHeads: 2, seed: 1 });
    hiddenOf(model, [[1, 2, 3]]);
    const held = tf.memory().numTensors;
    for (let i = 0; i < 3; i++)
      hiddenOf(model, [
        [1, 2, 3, 4],
        [1, 2],
      ]);
    expect(tf.memory().numTensors).toBe(held);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('frequencies that depend on the length', () => {
  it('are those of each row, whatever it is padded to', async () => {
    const base = await loadGoldenModel('llama');
    const { architecture } = base.config;
    const scaling = { kind: 'dynamic', factor: 3, originalPositions: 4 } as const;
    const rotary = { dim: base.config.headDim, theta: 10_000, scaling };
    const layers = architecture.layers.map(() => ({ window: null, rotary }));
    const config = { ...base.config, architecture: { ...architecture, layers } };
    const model = createDecoder(config, base.parameters, { borrowed: new Set(base.parameters.keys()) });
    const rows = [
      [1, 7, 12, 30, 5, 6, 9],
      [1, 33, 8, 40, 19],
      [1, 2, 3],
    ];
    const together = hiddenOf(model, rows).map((hidden, i) => hidden.slice(0, rows[i]!.length));
    const alone = rows.map((row) => hiddenOf(model, [row])[0]!);
    model.dispose();
    base.dispose();
    expect(largestDifference(together.flat(), alone.flat())).toBeLessThan(1e-5);
  });
});

describe('attention in blocks', () => {
  it('gives what plain softmax attention gives, and its gradients, where rows end in every block', () => {
    const [batch, heads, kvHeads, time, headDim] = [4, 4, 2, 190, 4];
    const lengths = [190, 130, 70, 20];
    const shapes = [heads, kvHeads, kvHeads].map((count) => [batch, count, time, headDim] as const);
    const [q, k, v] = shapes.map((shape, i) => tf.randomNormal([...shape], 0, 1, 'float32', i + 1));
    // Only what lies inside a row may count.
    const inside = tf.tensor(
      lengths.map((length) => Array.from({ length: time }, (_, t) => (t < length ? Math.cos(t) : 0))),
    );
    const probe = tf.reshape(inside, [batch, 1, time, 1]);
    const plain = (...[query, key, value]: tf.Tensor[]) => {
      const grouped = tf.reshape(query!, [batch, kvHeads, (heads / kvHeads) * time, headDim]);
      const scores = tf.add(tf.matMul(grouped, key!, false, true), causalMask(time, time, heads / kvHeads, null)!);
      return tf.reshape(tf.matMul(tf.softmax(scores), value!), [batch, heads, time, headDim]);
    };
    const blocks = attentionBlocks(time, lengths, heads / kvHeads, null);
    expect(blocks.map(({ rows }) => rows)).toEqual([4, 2]);
    const blocked = (...[query, key, value]: tf.Tensor[]) =>
      causalAttention(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, blocks);
    const outcome = (f: (...inputs: tf.Tensor[]) => tf.Tensor) => {
      const sum = (...inputs: tf.Tensor[]) => tf.sum(tf.mul(f(...inputs), probe)) as tf.Scalar;
      return [tf.mul(f(q!, k!, v!), probe), ...tf.grads(sum)([q!, k!, v!])].map((x) => [...x.dataSync()]);
    };
    expect(
      largestDifference(
        tf.tidy(() => outcome(blocked)),
        tf.tidy(() => outcome(plain)),
      ),
    ).toBeLessThan(1e-5);
    tf.dispose([q!, k!, v!, inside, probe, ...blocks.map(({ mask }) => mask!)]);
  });
});

describe('a cache', () => {
  const rows = [
    [1, 7, 12, 30, 5, 6, 9, 41, 3, 22],
    [1, 33, 8, 40, 19, 20],
  ];
  /** Hidden states of the last positions, rows padded on the left, fed in stretches of these lengths. */
  function stepwise(model: CausalLm, stretches: readonly number[]): number[][] {
    const time = Math.max(...rows.map((row) => row.length));
    const padding = rows.map((row) => time - row.length);
    const ids = rows.map((row, i) => [...new Array<number>(padding[i]!).fill(1), ...row]);
    const cache = model.newCache(rows.length, time, padding);
    let [start, last] = [0, [] as number[][]];
    for (const stretch of stretches) {
      const part = ids.map((row) => row.slice(start, start + stretch));
      last = tf.tidy(() => model.step(tf.tensor2d(part, [rows.length, stretch], 'int32'), cache).arraySync());
      start += stretch;
    }
    expect(cache.length).toBe(time);
    cache.dispose();
    return last;
  }

  it.each(goldenFamilies)('%s: gives what the whole pass gives, in one stretch or many', async (family) => {
    const model = await loadGoldenModel(family);
    const whole = rows.map((row) => hiddenOf(model, [row])[0]!.at(-1)!);
    const found = [[10], [4, 6], [6, 1, 1, 1, 1]].map((stretches) => stepwise(model, stretches));
    model.dispose();
    for (const last of found) expect(largestDifference(last, whole)).toBeLessThan(2e-5);
  });

  it('keeps the rows it is told to, in that order', async () => {
    const model = await loadGoldenModel('llama');
    const time = 4;
    const ids = [
      [1, 4, 5, 6],
      [1, 9, 8, 7],
      [1, 20, 21, 22],
    ];
    const cache = model.newCache(3, time + 1);
    const last = tf.tidy(() => {
      model.step(tf.tensor2d(ids, [3, time], 'int32'), cache);
      cache.select(tf.tensor1d([2, 0], 'int32'));
      return model.step(tf.tensor2d([[30], [31]], [2, 1], 'int32'), cache).arraySync();
    });
    cache.dispose();
    const whole = [
      [...ids[2]!, 30],
      [...ids[0]!, 31],
    ].map((row) => hiddenOf(model, [row])[0]!.at(-1)!);
    model.dispose();
    expect(largestDifference(last, whole)).toBeLessThan(1e-5);
  });

  it('refuses more positions than it was made for', () => {
    const model = makeTinyLlama({ vocab: 32, dim: 16, layers: 1, heads: 2, kvHeads: 1, seed: 1 });
    const cache = model.newCache(1, 2);
    expect(() => model.step(tf.tensor2d([[1, 2, 3]], [1, 3], 'int32'), cache)).toThrow(/2 positions at most/);
    cache.dispose();
    model.dispose();
  });
});

describe('hand-written gradients equal finite differences', () => {
  /** Largest difference of d sum(f(x)·probe)/dx from central differences, relative to the largest slope. */
  function gradientError(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): number {
    const value = (input: tf.Tensor) => {
      const output = f(input);
      const probe = tf.reshape(tf.cos(tf.range(0, output.size)), output.shape);
      return tf.sum(tf.mul(output, probe)) as tf.Scalar;
    };
    const slopes = tf.grad(value)(x).dataSync();
    const numbers = [...x.dataSync()];
    const step = 1e-2;
    const at = (i: number, by: number) =>
      value(
        tf.tensor(
          numbers.map((n, j) => (i === j ? n + by : n)),
          x.shape,
        ),
      ).dataSync()[0]!;
    const measured = numbers.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
    return largestDifference([...slopes], measured) / Math.max(...measured.map(Math.abs));
  }
  const inputs = tf.tidy.bind(tf, () => tf.keep(tf.randomNormal([2, 2, 3, 8], 0, 1, 'float32', 4)));

  it('of the RMS norm, by input and by gain', () => {
    const x = inputs() as tf.Tensor;
    const gain = tf.randomNormal([8], 1, 0.2, 'float32', 5) as tf.Tensor1D;
    const errors = tf.tidy(() => [
      gradientError((input) => rmsNorm({ fused: null }, input, gain, 1e-5), x),
      gradientError((input) => rmsNorm({ fused: null }, x, input as tf.Tensor1D, 1e-5), gain),
    ]);
    tf.dispose([x, gain]);
    expect(Math.max(...errors)).toBeLessThan(2e-3);
  });

  it('of the rotation, whole and partial', () => {
    const x = inputs() as tf.Tensor;
    const errors = [4, 2].map((half) =>
      tf.tidy(() => {
        const angles = tf.randomUniform([3, half], 0, 6, 'float32', 6);
        const table = { cos: tf.cos(angles), sin: tf.sin(angles) };
        return gradientError((input) => rotate(input as tf.Tensor4D, table), x);
      }),
    );
    x.dispose();
    expect(Math.max(...errors)).toBeLessThan(2e-3);
  });
});

describe('the causal mask', () => {
  const open = (mask: tf.Tensor2D | null) => mask?.arraySync().map((row) => row.map((value) => (value === 0 ? 1 : 0)));
  it('hides the future, repeats for the group, and slides', () => {
    expect(open(causalMask(2, 3, 2, null))).toEqual([
      [1, 1, 0],
      [1, 1, 1],
      [1, 1, 0],
      [1, 1, 1],
    ]);
    expect(open(causalMask(3, 3, 1, 2))).toEqual([
      [1, 0, 0],
      [1, 1, 0],
      [0, 1, 1],
    ]);
    expect(causalMask(1, 5, 4, 5)).toBeNull();
    expect(open(causalMask(1, 4, 1, 3))).toEqual([[0, 1, 1, 1]]);
  });
});
