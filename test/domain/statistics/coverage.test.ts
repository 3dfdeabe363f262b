import { describe, expect, it } from 'vitest';
import type { FlipKind } from '../../../src-main/shared/domain/flips.ts';
import type { ComparisonSummary } from '../../../src-main/shared/domain/statistics/comparison-summary.ts';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';
import { comparisonSummary, countFlips, flipCode } from '../../../src-main/shared/domain/statistics/summarise.ts';

/**
 * Do 95 % intervals hold the truth 95 times of 100? 2,000 comparisons are drawn from known rates; the rates vary from one
 * comparison to the next, so that the steps of a discrete interval average out.
 */
const comparisons = 2000;

interface Truth {
  nfr: number;
  pfr: number;
  delta: number;
}
interface Drawn {
  truth: Truth;
  summary: ComparisonSummary;
}

function draw(random: SeededRandom, seed: number, clusterCount: number | null): Drawn {
  const truth = { nfr: 0.03 + 0.12 * random.next(), pfr: 0.02 + 0.1 * random.next(), delta: 0 };
  const kinds: FlipKind[] = [];
  const deltas: number[] = [];
  const clusters: number[] = [];
  const add = (nfr: number, shift: number, cluster: number) => {
    const u = random.next();
    kinds.push(u < nfr ? 'negative' : u < nfr + truth.pfr ? 'positive' : 'kept-right');
    deltas.push(shift - Math.log(1 - random.next()) - 1); // skewed, mean = shift
    clusters.push(cluster);
  };
  if (clusterCount === null) for (let i = 0; i < 250; i += 1) add(truth.nfr, 0, i);
  else {
    for (let cluster = 0; cluster < clusterCount; cluster += 1) {
      // Half of the clusters carry twice the rate: strongly dependent samples with a known mean.
      const heavy = random.next() < 0.5 ? 2 * truth.nfr : 0;
      const shift = (random.next() - 0.5) * 2;
      for (let i = 0; i < 12; i += 1) add(heavy, shift, cluster);
    }
  }
  const summary = comparisonSummary(
    {
      left: { id: 'a', name: 'a' },
      right: { id: 'b', name: 'b' },
      rule: { kind: 'verdict', ties: 'excluded' },
      unmatchedLeft: 0,
      unmatchedRight: 0,
      counts: countFlips(kinds),
      slices: [],
      samples: {
        kinds: Uint8Array.from(kinds, flipCode),
        deltas: Float64Array.from(deltas),
        clusters: clusterCount === null ? null : Int32Array.from(clusters),
      },
    },
    { seed, resamples: 400 },
  );
  return { truth, summary };
}

function coverage(
  drawn: Drawn[],
  boundsAndTruth: (one: Drawn) => [low: number | null | undefined, high: number | null | undefined, truth: number],
): number {
  const held = drawn.filter((one) => {
    const [low, high, truth] = boundsAndTruth(one);
    return (low ?? Infinity) <= truth && truth <= (high ?? -Infinity);
  });
  return held.length / drawn.length;
}

function expectHonest(share: number): void {
  expect(share).toBeGreaterThanOrEqual(0.93);
  expect(share).toBeLessThanOrEqual(0.97);
}

describe('95 % intervals over 2,000 simulated comparisons', () => {
  const random = new SeededRandom(20);
  const independent = Array.from({ length: comparisons }, (_, seed) => draw(random, seed, null));
  const dependent = Array.from({ length: comparisons }, (_, seed) => draw(random, seed, 30));

  it('NFR and PFR (Wilson)', () => {
    expectHonest(coverage(independent, ({ truth, summary: { nfr } }) => [nfr.low, nfr.high, truth.nfr]));
    expectHonest(coverage(independent, ({ truth, summary: { pfr } }) => [pfr.low, pfr.high, truth.pfr]));
  });
  it('net change (Bonett–Price)', () => {
    expectHonest(
      coverage(independent, ({ truth, summary: { netChange } }) => [
        netChange.low,
        netChange.high,
        truth.pfr - truth.nfr,
      ]),
    );
  });
  it('mean score difference (paired bootstrap, skewed scores)', () => {
    expectHonest(
      coverage(independent, ({ truth, summary: { scoreDelta } }) => [scoreDelta?.low, scoreDelta?.high, truth.delta]),
    );
  });
  it('the clustered forms, where samples depend on each other', () => {
    expectHonest(
      coverage(dependent, ({ truth, summary: { clustered } }) => [clustered?.nfr.low, clustered?.nfr.high, truth.nfr]),
    );
    expectHonest(
      coverage(dependent, ({ truth, summary: { clustered } }) => [
        clustered?.netChange.low,
        clustered?.netChange.high,
        truth.pfr - truth.nfr,
      ]),
    );
    expectHonest(
      coverage(dependent, ({ truth, summary: { scoreDelta } }) => [scoreDelta?.low, scoreDelta?.high, truth.delta]),
    );
  });
  it('and Wilson without clusters fails there, which is why they exist', () => {
    expect(coverage(dependent, ({ truth, summary: { nfr } }) => [nfr.low, nfr.high, truth.nfr])).toBeLessThan(0.9);
  });
});
