import type { ComparisonSummary } from '../domain/statistics/comparison-summary.ts';
import { formatCount } from './numbers.ts';

/** Said wherever slices are listed and some are not; null where all are. */
export function slicesLeftOutNote({
  slices,
  slicesLeftOut = 0,
}: Pick<ComparisonSummary, 'slices' | 'slicesLeftOut'>): string | null {
  if (slicesLeftOut === 0) return null;
  return `The ${formatCount(slices.length)} largest slices are listed and tested; ${formatCount(slicesLeftOut)} smaller ones are not.`;
}
