import { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';
import { coverageOf, scenes, truthOf, underNoChange } from '../helpers/attempt-simulation.ts';

/**
 * How often the 95 % intervals of samples with several answers hold the truth: node build/node24.mjs test/bench/attempt-coverage.ts [COMPARISONS].
 * Seeded: the same number of comparisons prints the same shares.
 */
const comparisons = Number(process.argv[2] ?? 4000);
const percent = (share: number) => (100 * share).toFixed(1);
for (const scene of scenes) {
  const truth = truthOf(scene, new SeededRandom(99), 1_000_000);
  const coverage = coverageOf(scene, truth, new SeededRandom(7), comparisons);
  const { samples, old, now, spread, moved, group } = scene;
  console.log(
    `${samples} samples, ${old} against ${now}, ${spread}, ${percent(moved)} % moved${group === 1 ? '' : `, groups of ${group}`}`,
  );
  console.log(
    `  ${Object.entries(coverage)
      .map(([name, share]) => `${name} ${percent(share)}`)
      .join('  ')}`,
  );
  const still = underNoChange(scene, new SeededRandom(8), comparisons);
  console.log(
    `  nothing moved: p ≤ 0.05 in ${percent(still.rejected)} %, worse by own test ${still.worse.toFixed(3)} (expected ${still.expectedWorse.toFixed(3)})`,
  );
}
