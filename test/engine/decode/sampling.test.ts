import { describe, expect, it } from 'vitest';
import { sampleToken } from '../../../src-main/engine/decode/sampling.ts';
import { createRandom } from '../../../src-main/engine/random.ts';

const probabilities = Float32Array.of(0.1, 0.4, 0.05, 0.25, 0.2);

/** How often each token comes when the uniform numbers are spread evenly. */
function shares(settings: { topK?: number; topP?: number }, draws = 2000): number[] {
  const counts = new Array<number>(probabilities.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sampleToken(probabilities, settings, (i + 0.5) / draws)]! += 1 / draws;
  return counts.map((share) => Number(share.toFixed(2)));
}

describe('tokens are drawn', () => {
  it('by their probability', () => {
    expect(shares({})).toEqual([0.1, 0.4, 0.05, 0.25, 0.2]);
  });
  it('from the likeliest k', () => {
    expect(shares({ topK: 2 })).toEqual([0, 0.62, 0, 0.38, 0]);
    expect(shares({ topK: 1 })).toEqual([0, 1, 0, 0, 0]);
    expect(shares({ topK: 99 })).toEqual(shares({}));
  });
  it('from the fewest that hold p of the mass', () => {
    expect(shares({ topP: 0.6 })).toEqual([0, 0.62, 0, 0.38, 0]);
    expect(shares({ topP: 0.66 })).toEqual([0, 0.47, 0, 0.29, 0.24]);
    expect(shares({ topP: 0.001 })).toEqual([0, 1, 0, 0, 0]);
    expect(shares({ topP: 1 })).toEqual(shares({}));
  });
  it('p counts the mass of the likeliest k when both are given', () => {
    // Of the likeliest three (0.85), 0.75 of the mass is 0.6375: two hold 0.65.
    expect(shares({ topK: 3, topP: 0.75 })).toEqual([0, 0.62, 0, 0.38, 0]);
    expect(shares({ topK: 3, topP: 0.8 })).toEqual([0, 0.47, 0, 0.29, 0.24]);
  });
  it('never one of probability 0, whatever the uniform number', () => {
    const sparse = Float32Array.of(0, 0.5, 0, 0.5, 0);
    const ends = [0, 0.4999999, 0.5, 1 - 2 ** -32].map((uniform) => sampleToken(sparse, {}, uniform));
    expect(ends).toEqual([1, 1, 3, 3]);
  });
  it('the nucleus found among few candidates is the nucleus of all', () => {
    const random = createRandom(1, 'nucleus');
    for (let trial = 0; trial < 50; trial++) {
      const raw = Array.from({ length: 500 }, () => random.next() ** 8);
      const total = raw.reduce((sum, x) => sum + x, 0);
      const all = Float32Array.from(raw, (x) => x / total);
      const topP = 0.05 + 0.9 * random.next();
      expect(sampleToken(all, { topP }, 1 - 2 ** -32)).toBe(lastOfNucleus(all, topP));
    }
  });
});

function lastOfNucleus(probabilities: Float32Array, topP: number): number {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
  let mass = 0;
  for (const token of order) {
    mass += probabilities[token]!;
    if (mass >= topP) return token;
  }
  return order.at(-1)!;
}
