import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { compile, type CompileOptions, type TensorSpec } from '../../src-main/backends/compiled.ts';
import { nativeOps, openBackend } from '../../src-main/backends/index.ts';
import { AdamW } from '../../src-main/engine/optim/adamw.ts';
import { nativeMissing } from './native-available.ts';

const matrix = { shape: [3, 2], dtype: 'float32' as const };

describe.skipIf(nativeMissing !== undefined)('compiled functions', () => {
  beforeAll(async () => {
    await openBackend({ prefer: 'tensorflow-cpu' });
  });

  function compiled(
    build: (inputs: tf.Tensor[]) => tf.Tensor[],
    specs: TensorSpec[] = [matrix],
    options: CompileOptions = {},
  ) {
    const result = compile(build, specs, options);
    if ('refused' in result) throw new Error(result.refused);
    return result;
  }

  test.each([false, true])(
    'a gradient is the eager one, for each batch and with the weights of the time; in turn: %s',
    (inTurn) => {
      const weights = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]));
      const loss = (x: tf.Tensor) => tf.sum(tf.mul(tf.square(tf.matMul(x as tf.Tensor2D, weights)), 0.5)) as tf.Scalar;
      const gradients = (x: tf.Tensor) => {
        const { value, grads } = tf.variableGrads(() => loss(x), [weights]);
        return [value, grads[weights.name]!];
      };
      const run = compiled(([x]) => gradients(x!), [matrix], { inTurn });
      const numbers: number[][][] = [];
      for (const data of [
        [1, 0, 0, 1, 1, 1],
        [2, -1, 0.5, 3, 0, -2],
      ]) {
        const x = tf.tensor2d(data, [3, 2]);
        numbers.push(run.run([x]).map((tensor) => [...tensor.dataSync()]));
        expect(numbers.at(-1)).toEqual(gradients(x).map((tensor) => [...tensor.dataSync()]));
        weights.assign(tf.tensor2d([-1, 0.5, 2, 7], [2, 2]));
      }
      expect(numbers[0]).toEqual([
        [(1 + 4 + 9 + 16 + 16 + 36) / 2],
        // xᵀ·x·W by hand: xᵀx = [[2, 1], [1, 2]].
        [2 * 1 + 3, 2 * 2 + 4, 1 + 2 * 3, 2 + 2 * 4],
      ]);
      run.dispose();
      weights.dispose();
    },
  );

  test('cross-entropy at labels and its gradient, where e^x of the logits themselves would overflow', () => {
    const ops = nativeOps();
    const specs = [
      { shape: [2, 3], dtype: 'float32' as const },
      { shape: [2], dtype: 'int32' as const },
    ];
    const run = compiled(([logits, labels]) => {
      const { loss, grad } = ops.sparseSoftmaxCrossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D);
      return [loss, grad];
    }, specs);
    const [a, b] = [Math.log(2), 1000];
    const logits = tf.tensor2d([0, a, 0, b, b - 800, b + a], [2, 3]);
    const [loss, grad] = run.run([logits, tf.tensor1d([1, 0], 'int32')]).map((tensor) => [...tensor.dataSync()]);
    // Of rows (¼, ½, ¼) and (⅓, 0, ⅔).
    [Math.log(2), Math.log(3)].forEach((expected, i) => expect(loss![i]).toBeCloseTo(expected, 4));
    [0.25, -0.5, 0.25, 1 / 3 - 1, 0, 2 / 3].forEach((expected, i) => expect(grad![i]).toBeCloseTo(expected, 4));
    run.dispose();
  });

  test('what a batch holds cannot stay in the function unless it is declared to hold for all', () => {
    const rows = Array.from({ length: 20 }, (_, i) => i);
    const specs = [{ shape: [20], dtype: 'float32' as const }];
    let constant: object | undefined;
    const build = ([x]: tf.Tensor[]) => {
      const mask = tf.tensor1d(rows);
      constant = mask.dataId;
      return [tf.add(x!, mask)];
    };
    expect(compile(build, specs)).toEqual({
      refused: 'a tensor [20] of one batch would stay in the function for all',
    });
    const declared = compile(build, specs, { constant: (dataId) => dataId === constant });
    if ('refused' in declared) throw new Error(declared.refused);
    expect([...declared.run([tf.ones([20])])[0]!.dataSync()]).toEqual(rows.map((row) => row + 1));
    declared.dispose();
  });

  test('a branch on a value is refused, and the backend computes as before', () => {
    const refused = compile(([x]) => [x!.dataSync()[0]! > 0 ? x! : tf.neg(x!)], [matrix]);
    expect(refused).toEqual({ refused: 'a value was read that is known only when the function runs' });
    expect([...tf.add(tf.tensor1d([1]), 1).dataSync()]).toEqual([2]);
  });

  test('keeps nothing: tensors are as many after a trace and a run as before', () => {
    const x = tf.ones([3, 2]);
    const before = tf.memory().numTensors;
    const run = compiled(([input]) => [tf.sum(tf.exp(input!))]);
    tf.dispose(run.run([x]));
    run.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('gathers without tfjs-node’s read of the indices, and still refuses one out of range', () => {
    const table = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
    expect(tf.gather(table, tf.tensor1d([2, 0], 'int32')).arraySync()).toEqual([
      [5, 6],
      [1, 2],
    ]);
    expect(tf.gather(table, tf.tensor1d([1], 'int32'), 1).arraySync()).toEqual([[2], [4], [6]]);
    expect(() => tf.gather(table, tf.tensor1d([3], 'int32'))).toThrow(/not in \[0, 3\)/);
  });

  test('updates weights in place as the composed Adam does, decay, corrections and saved moments included', () => {
    const spec = { weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-3 };
    const made = () => new Map([['w', tf.variable(tf.tensor2d([1, -2, 3, 0.5], [2, 2]))]]);
    const [inPlace, composed] = [made(), made()];
    const [before, after] = [
      [0.1, -0.2, 3, 0],
      [0.3, 0.2, -1, 1e-3],
    ];
    const gradient = (values: number[]): Map<string, tf.Tensor> => new Map([['w', tf.tensor2d(values, [2, 2])]]);
    let optimizer = new AdamW(inPlace, spec, nativeOps());
    const reference = new AdamW(composed, spec);
    for (const step of [before, after, before]) {
      optimizer.update(gradient(step!), 0.05, 0.5);
      reference.update(gradient(step!), 0.05, 0.5);
      const moments = optimizer.tensors();
      const resumed = new AdamW(inPlace, spec, nativeOps());
      resumed.restore(optimizer.step, moments);
      optimizer.dispose();
      optimizer = resumed;
      const [a, b] = [inPlace.get('w')!.dataSync(), composed.get('w')!.dataSync()];
      a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 6));
    }
  });

  test('updates all parameters by one operation, to the bit as one by one', () => {
    const spec = { weightDecay: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    const made = () =>
      new Map<string, tf.Variable>([
        ['matrix', tf.variable(tf.tensor2d([1, -2, 3, 0.5], [2, 2]))],
        ['vector', tf.variable(tf.tensor1d([0.25, -4]))],
      ]);
    const values = (parameters: Map<string, tf.Variable>) => [...parameters.values()].map((one) => [...one.dataSync()]);
    const [together, apart] = [made(), made()];
    const { adamTogether, ...others } = nativeOps();
    let compiled = 0;
    const counted = () => {
      const own = adamTogether!();
      return {
        ...own,
        update: (all: Parameters<typeof own.update>[0]) => own.update(all) && ++compiled > 0,
        dispose: () => own.dispose(),
      };
    };
    const [one, each] = [
      new AdamW(together, spec, { ...others, adamTogether: counted }),
      new AdamW(apart, spec, others),
    ];
    const gradient = (by: number): Map<string, tf.Tensor> =>
      new Map<string, tf.Tensor>([
        ['matrix', tf.tensor2d([by, -by, 3, 0], [2, 2])],
        ['vector', tf.tensor1d([by, 1e-4])],
      ]);
    // With and without clipping; a parameter without a gradient stays; a weight that somebody assigned counts.
    const tensorsAfter: number[] = [];
    for (const [i, by] of [1, -0.5, 2, 0.1].entries()) {
      const all = gradient(by);
      const gradients = i === 2 ? new Map([...all].slice(0, 1)) : all;
      if (i === 3) {
        const other = [7, 8];
        for (const parameters of [together, apart]) tf.tidy(() => parameters.get('vector')!.assign(tf.tensor1d(other)));
      }
      for (const optimizer of [one, each]) optimizer.update(gradients, 0.05, i === 1 ? 0.5 : 1);
      tf.dispose([...all.values()]);
      tensorsAfter.push(tf.memory().numTensors);
      expect(values(together)).toEqual(values(apart));
    }
    expect(compiled).toBe(tensorsAfter.length);
    expect(Object.values(one.tensors()).map((tensor) => [...tensor.dataSync()])).toEqual(
      Object.values(each.tensors()).map((tensor) => [...tensor.dataSync()]),
    );
    expect(new Set(tensorsAfter).size).toBe(1);
    one.dispose();
    each.dispose();
  });
});
