import type { ComparisonCounts } from '@shared/domain/flip-view.ts';
import { flipKinds, isCounted } from '@shared/domain/flips.ts';
import { normal95, scoreInterval } from '@shared/domain/statistics/score-interval.ts';

/** NFR and PFR with their 95 % Wilson intervals, and net change, of a comparison's counts. */
export function ratesOf(counts: ComparisonCounts) {
  const n = flipKinds.filter(isCounted).reduce((sum, kind) => sum + counts.kinds[kind], 0);
  const { negative, positive } = counts.kinds;
  return {
    n,
    nfr: scoreInterval(negative, n, normal95),
    pfr: scoreInterval(positive, n, normal95),
    net: n === 0 ? null : (positive - negative) / n,
  };
}
