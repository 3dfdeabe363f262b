import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { nativeOps, openBackend } from '../../../src-main/backends/index.ts';
import { scorePass } from '../../../src-main/engine/data/score-sequences.ts';
import { headScores } from '../../../src-main/engine/losses/head.ts';
import { randomPairs, tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openBackend();
});

test('the same weights have the same numbers to the last bit, however often they were scored before', async () => {
  const sequences = randomPairs(10).flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const [model, other] = [tinyModel(), tinyModel()];
  const ops = nativeOps();
  const rounds = [];
  for (let round = 0; round < 3; round++) rounds.push(await scorePass(model, sequences, { ops, greedy: true }));
  rounds.push(await scorePass(other, sequences, { ops, greedy: true }));
  for (const { logProbs, sums, greedy } of rounds.slice(1))
    expect([logProbs, sums, greedy]).toEqual([rounds[0]!.logProbs, rounds[0]!.sums, rounds[0]!.greedy]);
  model.dispose();
  other.dispose();
});

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
