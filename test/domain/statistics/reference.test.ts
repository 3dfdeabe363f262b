import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultRule } from '../../../src-main/shared/domain/flips.ts';
import type { FlipKind } from '../../../src-main/shared/domain/flips.ts';
import { bootstrapMean } from '../../../src-main/shared/domain/statistics/bootstrap.ts';
import { clusteredRates } from '../../../src-main/shared/domain/statistics/clustered-rates.ts';
import { excessP } from '../../../src-main/shared/domain/statistics/excess.ts';
import { meanOverSeeds, wilson } from '../../../src-main/shared/domain/statistics/intervals.ts';
import { mcnemarExact } from '../../../src-main/shared/domain/statistics/mcnemar.ts';
import { mcnemarPower } from './exact-power.ts';
import { benjaminiHochberg, holm } from '../../../src-main/shared/domain/statistics/multiple-tests.ts';
import { comparisonSummary, countFlips, flipCode } from '../../../src-main/shared/domain/statistics/summarise.ts';

/** SciPy's and statsmodels' numbers; test/golden/statistics.py wrote them. */
interface Reference {
  wilson: { hits: number; total: number; level: number; bounds: [number, number] }[];
  mcnemar: { negative: number; positive: number; p: number }[];
  adjusted: { p: number[]; holm: number[]; bh: number[] }[];
  excess: { hits: number; size: number; totalHits: number; total: number; p: number }[];
  tIntervals: { values: number[]; bounds: [number, number] }[];
  bootstrap: { values: number[]; standardError: number; bounds: [number, number] }[];
  clustered: { clusters: number[]; kinds: FlipKind[]; nfr: number; pfr: number; net: number }[];
  clusteredSlices: { clusters: number[]; kinds: FlipKind[]; inside: boolean[]; nfr: number[]; pfr: number[] }[];
  mcnemarPower: { total: number; negativeRate: number; positiveRate: number; power: number }[];
}
const reference = JSON.parse(
  readFileSync(new URL('../../assets/statistics/reference.json', import.meta.url), 'utf8'),
) as Reference;

function expectClose(actual: number, expected: number, relative = 1e-9): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(relative * Math.abs(expected) + 1e-14);
}
function expectAllClose(actual: readonly (number | null)[], expected: readonly number[], relative?: number): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => expectClose(actual[i] ?? Number.NaN, value, relative));
}

describe('against statsmodels', () => {
  it.each(reference.wilson)('Wilson $hits of $total at $level', ({ hits, total, level, bounds }) => {
    const rate = wilson(hits, total, level);
    expectAllClose([rate.low, rate.high], bounds);
  });
  it.each(reference.mcnemar)('exact McNemar $negative : $positive', ({ negative, positive, p }) => {
    expectClose(mcnemarExact(negative, positive), p, 1e-8);
    expectClose(mcnemarExact(positive, negative), p, 1e-8);
  });
  it('Holm and Benjamini–Hochberg', () => {
    for (const { p, holm: byHolm, bh } of reference.adjusted) {
      expectAllClose(holm(p), byHolm);
      expectAllClose(benjaminiHochberg(p), bh);
    }
  });
  it('the cluster-robust design effects', () => {
    for (const { clusters, kinds, nfr, pfr, net } of reference.clustered) {
      const rates = clusteredRates(Uint8Array.from(kinds, flipCode), Int32Array.from(clusters), 0.95);
      expectAllClose(
        [rates?.nfr.designEffect ?? null, rates?.pfr.designEffect ?? null, rates?.netChange.designEffect ?? null],
        [nfr, pfr, net],
      );
    }
  });
  it('the intervals of slices whose samples come in clusters', () => {
    for (const { clusters, kinds, inside, nfr, pfr } of reference.clusteredSlices) {
      const within = <T>(values: readonly T[]) => values.filter((_, i) => inside[i]);
      const all = { left: { id: 'l', name: 'old' }, right: { id: 'r', name: 'new' }, rule: defaultRule };
      const samples = {
        kinds: Uint8Array.from(within(kinds), flipCode),
        clusters: Int32Array.from(within(clusters)),
      };
      const {
        slices: [slice],
      } = comparisonSummary({
        ...all,
        unmatchedLeft: 0,
        unmatchedRight: 0,
        counts: countFlips(kinds),
        slices: [{ name: 'slice', counts: countFlips(within(kinds)), samples }],
      });
      expect(slice?.nfr.method).toBe('wilson-clustered');
      expectAllClose([slice?.nfr.low ?? null, slice?.nfr.high ?? null], nfr);
      expectAllClose([slice?.pfr.low ?? null, slice?.pfr.high ?? null], pfr);
    }
  });
});

describe('against SciPy', () => {
  it.each(reference.excess)(
    '$hits of $size where $totalHits of $total flipped',
    ({ hits, size, totalHits, total, p }) => {
      expectClose(excessP(hits, size, totalHits, total), p, 1e-7);
    },
  );
  it('t intervals over seeds', () => {
    for (const { values, bounds } of reference.tIntervals) {
      const { low, high } = meanOverSeeds(values);
      expectAllClose([low, high], bounds);
    }
  });
  it('percentile bootstrap intervals, within the resamples’ own noise', () => {
    for (const { values, standardError, bounds } of reference.bootstrap) {
      const interval = bootstrapMean(Float64Array.from(values), { resamples: 20_000 });
      expect(Math.abs((interval?.low ?? NaN) - bounds[0])).toBeLessThan(0.06 * standardError);
      expect(Math.abs((interval?.high ?? NaN) - bounds[1])).toBeLessThan(0.06 * standardError);
    }
  });
  it.each(reference.mcnemarPower)('exact power at n = $total', ({ total, negativeRate, positiveRate, power }) => {
    expectClose(mcnemarPower(total, negativeRate, positiveRate), power, 1e-8);
  });
});
