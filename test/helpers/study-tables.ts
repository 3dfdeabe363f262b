import type { ReportStudyTable } from '../../src-main/shared/domain/reports/report-model.ts';
import { matchCurves } from '../../src-main/shared/domain/statistics/matched-curves.ts';
import type { MatchedAxis, MethodCurve } from '../../src-main/shared/domain/statistics/matched-curves.ts';

/** A path that loses `lost` of 1,000 samples on the way to a reward of 2 and a KL of `kl` nats. */
export function path(method: string, seed: number, lost: number, kl = 4): MethodCurve {
  const at = (fraction: number) => ({
    fraction,
    along: { 'sampled-reward': 2 * fraction, 'greedy-reward': null, kl: kl * fraction },
    negativeFlips: lost * fraction,
    n: 1000,
  });
  return { method, seed, points: [at(0), at(0.5), at(1)] };
}

export function study(
  checks: Record<string, MethodCurve[]>,
  axes: MatchedAxis[] = ['sampled-reward', 'kl'],
): ReportStudyTable {
  const methods = [...new Set(Object.values(checks).flatMap((curves) => curves.map(({ method }) => method)))];
  const references = ['DPO', ...methods.filter((method) => method === 'DPO, slow')];
  return {
    model: 'small',
    reference: 'DPO',
    lowerRate: 'DPO, slow',
    methods: methods.map((method) => ({ method, tried: 1, seeds: [0] })),
    checks: Object.entries(checks).map(([check, curves]) => ({
      check,
      tables: references.flatMap((reference) =>
        axes.map((axis) => {
          const table = matchCurves(curves, { axis, reference });
          return { ...table, shares: [...table.shares] };
        }),
      ),
    })),
    points: [],
  };
}

export const overSeeds = (method: string, lost: number, kl?: number) =>
  [0, 1, 2].map((seed) => path(method, seed, lost + seed, kl));
