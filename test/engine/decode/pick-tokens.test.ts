import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { pickTokens } from '../../../src-main/engine/decode/pick-tokens.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { openTestBackend } from '../../helpers/backend.ts';

/** No power of two, so that the last stretch of the walk is not full. */
const vocab = 1003;
const rows = 400;

beforeAll(async () => {
  await openTestBackend();
});

const pick = (logits: readonly number[][], temperature: number, uniforms: readonly number[]) =>
  pickTokens(tf.tensor2d(logits.map((row) => [...row])), { temperature, maxNewTokens: 1, seed: 0 }, uniforms);

/** Natural log of the softmax, in float64. */
function logProbsOf(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const norm = top + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - top), 0));
  return logits.map((x) => x - norm);
}

describe('tokens drawn on the device', () => {
  const random = createRandom(5, 'logits');
  const dense = Array.from({ length: vocab }, () => 6 * random.next());

  it.each([1, 0.7])('are those at which the running mass exceeds the uniform number, at temperature %d', async (t) => {
    const uniforms = Array.from({ length: rows }, (_, i) => (i + 0.5) / rows);
    const picked = await pick(Array<number[]>(rows).fill(dense), t, uniforms);
    const atTemperature = logProbsOf(dense.map((x) => x / t)).map(Math.exp);
    const own = logProbsOf(dense);
    picked.forEach(({ token, logProb }, i) => {
      const before = atTemperature.slice(0, token).reduce((sum, x) => sum + x, 0);
      // To float32's rounding of a sum over the vocabulary.
      expect(before).toBeLessThanOrEqual(uniforms[i]! + 2e-6);
      expect(before + atTemperature[token]!).toBeGreaterThanOrEqual(uniforms[i]! - 2e-6);
      expect(logProb).toBeCloseTo(own[token]!, 4);
    });
  });

  it.each([
    { where: [0, 31, 32, 700], name: 'at the beginning and on the edges of stretches' },
    { where: [5, 991, 992, vocab - 1], name: 'at the end' },
  ])('never have no mass, whatever the uniform number: mass $name', async ({ where }) => {
    const sparse = Array.from({ length: vocab }, (_, i) => (where.includes(i) ? 0 : -1e9));
    const uniforms = [0, 0.2499, 0.25, 0.5, 0.7499, 0.75, 1 - 2 ** -24, 1 - 2 ** -32];
    const picked = await pick(Array<number[]>(uniforms.length).fill(sparse), 1, uniforms);
    const [a, b, c, d] = where;
    expect(picked.map(({ token }) => token)).toEqual([a, a, b, c, c, d, d, d]);
  });

  it('at temperature 0 are the likeliest, with their log-probs', async () => {
    const [picked] = await pick([dense], 0, [0]);
    const own = logProbsOf(dense);
    expect(picked?.token).toBe(own.indexOf(Math.max(...own)));
    expect(picked?.logProb).toBeCloseTo(Math.max(...own), 5);
  });
});
