import { describe, expect, it } from 'vitest';
import { bootstrapMean } from '../../../src-main/shared/domain/statistics/bootstrap.ts';
import { clusteredRates } from '../../../src-main/shared/domain/statistics/clustered-rates.ts';
import { excessP } from '../../../src-main/shared/domain/statistics/excess.ts';
import { meanOverSeeds, pairedDifference, wilson } from '../../../src-main/shared/domain/statistics/intervals.ts';
import {
  mcnemarExact,
  samplesForNetChange,
  samplesToClearLimit,
} from '../../../src-main/shared/domain/statistics/mcnemar.ts';
import { mcnemarPower } from './exact-power.ts';
import { holm } from '../../../src-main/shared/domain/statistics/multiple-tests.ts';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';

const gaussian = (random: SeededRandom) =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

describe('exact McNemar', () => {
  it.each([
    [15, 4, 0.0192],
    [40, 20, 0.0135],
    [20, 6, 0.0094],
    [60, 60, 1],
  ])('%i against %i gives p = %f', (negative, positive, p) => {
    expect(mcnemarExact(negative, positive)).toBeCloseTo(p, 4);
  });
  it('says nothing where nothing changed', () => {
    expect(mcnemarExact(0, 0)).toBe(1);
  });
});

describe('Wilson', () => {
  it('knows nothing of no samples', () => {
    expect(wilson(0, 0)).toEqual({ value: null, low: 0, high: 1, method: 'wilson', level: 0.95 });
  });
  it('touches 0 and 1 only where every sample agrees', () => {
    expect(wilson(0, 20).low).toBe(0);
    expect(wilson(20, 20).high).toBe(1);
    expect(wilson(1, 20).low).toBeGreaterThan(0);
  });
});

describe('how many samples would settle it', () => {
  it('gives the power it promises, by exact enumeration', () => {
    for (const [negative, positive] of [
      [0.1, 0.04],
      [0.03, 0.01],
      [0.06, 0.12],
    ] as const) {
      const n = samplesForNetChange(negative, positive) ?? Number.NaN;
      // The formula is asymptotic and the exact test is conservative: a little below the 0.8 asked for.
      expect(mcnemarPower(n, negative, positive)).toBeGreaterThan(0.74);
      expect(mcnemarPower(n, negative, positive)).toBeLessThan(0.82);
    }
  });
  it('has no answer for equal rates', () => {
    expect(samplesForNetChange(0.1, 0.1)).toBeNull();
    expect(samplesToClearLimit(0.02, 0.02, 0.95)).toBeNull();
  });
  it('is the n at which Wilson’s bound meets the limit', () => {
    const n = samplesToClearLimit(0.01, 0.02, 0.95) ?? Number.NaN;
    expect(wilson(0.01 * n, n).high).toBeLessThanOrEqual(0.02);
    expect(wilson(0.01 * (n - 1), n - 1).high).toBeGreaterThan(0.02);
  });
});

describe('excess in a slice', () => {
  it('is certain where the slice cannot hold fewer', () => {
    expect(excessP(0, 10, 20, 100)).toBe(1);
    expect(excessP(10, 10, 100, 100)).toBe(1);
  });
  it('keeps small tails that 1 − cdf would lose', () => {
    const p = excessP(60, 60, 1000, 100_000);
    expect(p).toBeGreaterThan(0);
    expect(p).toBeLessThan(1e-100);
  });
  it('stays 1, not 0, where the far tail underflows', () => {
    expect(excessP(1, 90_000, 50_000, 100_000)).toBe(1);
    expect(excessP(40_001, 90_000, 50_000, 100_000)).toBeCloseTo(1, 12);
  });
});

describe('Holm', () => {
  it('never orders adjusted values otherwise than the raw ones, and never exceeds 1', () => {
    const random = new SeededRandom(3);
    const p = Array.from({ length: 200 }, () => random.next() ** 4);
    const adjusted = holm(p);
    const order = p.map((_, i) => i).sort((i, j) => (p[i] ?? 0) - (p[j] ?? 0));
    const sorted = order.map((i) => adjusted[i] ?? Number.NaN);
    expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
    expect(Math.max(...adjusted)).toBeLessThanOrEqual(1);
    expect(holm([])).toEqual([]);
  });
});

describe('the bootstrap', () => {
  const random = new SeededRandom(5);
  const values = Float64Array.from({ length: 500 }, () => gaussian(random) - 0.1);

  it('gives the same interval for the same seed, another for another', () => {
    expect(bootstrapMean(values, { seed: 4 })).toEqual(bootstrapMean(values, { seed: 4 }));
    expect(bootstrapMean(values, { seed: 4 })?.low).not.toBe(bootstrapMean(values, { seed: 5 })?.low);
  });
  it('leaves out what is not finite and says how many remain', () => {
    const holed = Float64Array.from([1, Number.NaN, 3, -Infinity, 2]);
    expect(bootstrapMean(holed)).toMatchObject({ mean: 2, n: 3, method: 'paired-bootstrap' });
    expect(bootstrapMean(Float64Array.from([Number.NaN]))).toBeNull();
  });
  it('has no interval for one sample or one cluster', () => {
    expect(bootstrapMean(Float64Array.from([2]))).toMatchObject({ mean: 2, low: null, high: null });
    expect(bootstrapMean(values, { clusters: new Int32Array(500) })).toMatchObject({ low: null, clusters: 1 });
  });
  it('widens with clusters: copies of a sample add nothing', () => {
    const copies = Float64Array.from({ length: 2000 }, (_, i) => values[i >> 2] ?? 0);
    const clusters = Int32Array.from({ length: 2000 }, (_, i) => i >> 2);
    const width = (interval: ReturnType<typeof bootstrapMean>) => (interval?.high ?? NaN) - (interval?.low ?? NaN);
    const single = width(bootstrapMean(values));
    expect(width(bootstrapMean(copies, { clusters })) / single).toBeCloseTo(1, 1);
    expect(width(bootstrapMean(copies)) / single).toBeCloseTo(0.5, 1);
  });
  it('joins groups beyond 4,096 without changing mean or width', () => {
    const source = new SeededRandom(6);
    const many = Float64Array.from({ length: 50_000 }, () => gaussian(source));
    const interval = bootstrapMean(many);
    const mean = many.reduce((sum, value) => sum + value, 0) / many.length;
    const half = 1.96 / Math.sqrt(many.length);
    expect(interval?.mean).toBeCloseTo(mean, 12);
    expect(((interval?.high ?? NaN) - (interval?.low ?? NaN)) / (2 * half)).toBeCloseTo(1, 1);
  });
});

describe('small pieces', () => {
  it('a paired difference stays within −1 and 1 and knows nothing of no samples', () => {
    expect(pairedDifference(0, 0, 0)).toEqual({ value: null, low: -1, high: 1 });
    expect(pairedDifference(0, 3, 3).high).toBeLessThanOrEqual(1);
    expect(pairedDifference(5, 5, 100).value).toBe(0);
  });
  it('one seed has no interval', () => {
    expect(meanOverSeeds([3])).toEqual({ mean: 3, low: null, high: null });
  });
  it('clusters of one sample, or one cluster, leave the rates alone', () => {
    const kinds = Uint8Array.from([0, 2, 2]);
    expect(clusteredRates(kinds, Int32Array.from([1, 2, 3]), 0.95)).toBeNull();
    expect(clusteredRates(kinds, Int32Array.from([1, 1, 1]), 0.95)).toBeNull();
  });
  it('the generator fills a block with the numbers it would have given one by one', () => {
    const [one, block] = [new SeededRandom(9), new SeededRandom(9)];
    const indices = new Uint32Array(64);
    block.fillIndices(indices, 1000);
    expect([...indices]).toEqual(Array.from({ length: 64 }, () => Math.floor(one.next() * 1000)));
    expect(block.next()).toBe(one.next());
  });
});
