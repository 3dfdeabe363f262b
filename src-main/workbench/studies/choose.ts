import { matchCurves } from '../../shared/domain/statistics/matched-curves.ts';
import type { CandidateResult } from '../../shared/domain/studies.ts';
import type { StudyMethod } from './methods.ts';
import { curvesOf } from './read-paths.ts';
import type { StudyPath } from './read-paths.ts';

/** A candidate that gains less than this part of what the best one gains has learnt too little to be compared with it. */
const leastGain = 0.5;

/**
 * Which candidate of a method validation chooses: of those that gain at least half of what the best one gains, the one with the fewest
 * negative flips at equal sampled reward, curve against curve with the first candidate. Seeds and models weigh alike; several
 * suites' ratios are averaged on the log scale.
 */
export function chooseCandidates(
  methods: readonly StudyMethod[],
  paths: readonly StudyPath[],
  flips: readonly string[],
): CandidateResult[] {
  return methods
    .filter(({ variants }) => variants.length > 1)
    .flatMap(({ name, variants }) => {
      const own = paths.filter(({ method }) => method === name);
      const results = variants.map((_, candidate) => ({
        method: name,
        candidate,
        gain: gainOf(own.filter((path) => path.candidate === candidate)),
        ratio: candidate === 0 ? 1 : ratioOf(own, candidate, flips),
      }));
      const best = Math.max(...results.map(({ gain }) => gain));
      const eligible = results.filter(({ gain, ratio }) => ratio !== null && gain >= leastGain * best);
      const [chosen = results[0]] = eligible.sort((a, b) => (a.ratio ?? 0) - (b.ratio ?? 0));
      return results.map((result) => ({ ...result, chosen: result === chosen }));
    });
}

function gainOf(paths: readonly StudyPath[]): number {
  const gains = paths.map(({ points }) => {
    const rewards = points.map(({ along }) => along['sampled-reward'] ?? Number.NaN);
    return Math.max(...rewards) - (rewards[0] ?? Number.NaN);
  });
  return gains.length === 0 ? 0 : gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
}

function ratioOf(paths: readonly StudyPath[], candidate: number, flips: readonly string[]): number | null {
  const logs: number[] = [];
  for (const model of new Set(paths.map((path) => path.model))) {
    const own = paths.filter((path) => path.model === model && [0, candidate].includes(path.candidate));
    for (const check of flips) {
      const curves = curvesOf(own, check, (path) => String(path.candidate));
      const { rows } = matchCurves(curves, { axis: 'sampled-reward', reference: '0' });
      const ratio = rows.find(({ method }) => method === String(candidate))?.ratio;
      for (const { value } of ratio?.perSeed ?? []) logs.push(Math.log(value));
    }
  }
  return logs.length === 0 ? null : Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}
