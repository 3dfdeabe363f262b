import type { ComparisonCounts } from '@shared/domain/flip-view.ts';
import { flipKinds, isCounted } from '@shared/domain/flips.ts';
import { wilson } from '@shared/domain/statistics/intervals.ts';

/** NFR, PFR and net change of a comparison's counts. */
export function ratesOf(counts: ComparisonCounts) {
  const n = flipKinds.filter(isCounted).reduce((sum, kind) => sum + counts.kinds[kind], 0);
  const { negative, positive } = counts.kinds;
  return { n, nfr: wilson(negative, n), pfr: wilson(positive, n), net: n === 0 ? null : (positive - negative) / n };
}
