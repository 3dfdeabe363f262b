import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { nativeOps, openBackend } from '../../../src-main/backends/index.ts';
import { scorePass } from '../../../src-main/engine/data/score-sequences.ts';
import { headScores } from '../../../src-main/engine/losses/head.ts';
import { nativeMissing } from '../../backends/native-available.ts';
import { randomPairs, tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openBackend();
});

const sequences = randomPairs(10).flatMap(({ chosen, rejected }) => [chosen, rejected]);

test.skipIf(nativeMissing !== undefined)(
  `a form of pass that occurs again is compiled, and takes the weights of the time${nativeMissing ? ` (skipped: ${nativeMissing})` : ''}`,
  async () => {
    const [compiled, plain] = [tinyModel(), tinyModel()];
    const ops = nativeOps();
    for (const round of [1, 2, 3, 4]) {
      const mine = await scorePass(compiled, sequences, { ops, greedy: true });
      const expected = await scorePass(plain, sequences, { greedy: true });
      expect([...mine.greedy!]).toEqual([...expected.greedy!]);
      expect(mine.logProbs.length).toBe(expected.logProbs.length);
      mine.logProbs.forEach((logProb, i) => expect(logProb).toBeCloseTo(expected.logProbs[i]!, 4));
      mine.sums.forEach((sum, i) => expect(sum).toBeCloseTo(expected.sums[i]!, 3));
      for (const model of [compiled, plain])
        for (const weights of model.parameters.values()) weights.assign(tf.mul(weights, 1 + round / 50));
    }
    compiled.dispose();
    plain.dispose();
  },
);

test('log-probs and likeliest tokens by hand, in one piece and in several', () => {
  const weights = tf.variable(tf.tensor2d([[1], [2], [3]]));
  const model = { languageHead: () => ({ weights, multiplier: Math.LN2, trains: false }) };
  const hidden = tf.tensor2d([[1], [-1], [0]]);
  const labels = tf.tensor1d([2, 2, 0], 'int32');
  // Logits ln 2·(1, 2, 3), ln 2·(−1, −2, −3) and 0: probabilities (2, 4, 8)/14, (4, 2, 1)/7 and thirds.
  for (const limit of [undefined, 3, 6]) {
    const { logProbs, greedy } = headScores(model as never, hidden, labels, { withGreedy: true, pieceSize: limit });
    [8 / 14, 1 / 7, 1 / 3].forEach((p, i) => expect(logProbs.dataSync()[i]).toBeCloseTo(Math.log(p), 5));
    expect([...greedy!.dataSync()].slice(0, 2)).toEqual([2, 0]);
  }
  weights.dispose();
});
