import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';
import { coverageOf, scenes, truthOf, underNoChange } from '../../helpers/attempt-simulation.ts';

/** The short form of test/bench/attempt-coverage.ts: few comparisons, pooled over scenes so that the share is sure to a percent. */
const comparisons = 120;

describe('95 % intervals of samples with several answers', () => {
  it('hold the truth in 93 to 97 % of simulated comparisons', () => {
    const pooled = new Map<string, number[]>();
    scenes.forEach((scene, i) => {
      const truth = truthOf(scene, new SeededRandom(99), 200_000);
      for (const [name, share] of Object.entries(coverageOf(scene, truth, new SeededRandom(i), comparisons))) {
        pooled.set(name, [...(pooled.get(name) ?? []), share]);
      }
    });
    for (const [name, shares] of pooled) {
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      expect(mean, name).toBeGreaterThanOrEqual(0.93);
      expect(mean, name).toBeLessThanOrEqual(0.97);
    }
    expect([...pooled.keys()]).toHaveLength(7);
  });

  it('and where nothing changed the tests say so, as often as they claim', () => {
    const [, scene] = scenes;
    const { rejected, worse, expectedWorse, excessNfr } = underNoChange(scene!, new SeededRandom(3), 300);
    expect(rejected).toBeLessThan(0.07);
    expect(Math.abs(worse - expectedWorse)).toBeLessThan(0.05);
    expect(Math.abs(excessNfr)).toBeLessThan(0.002);
  });
});
