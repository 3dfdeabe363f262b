import type { OutputFloor } from '../domain/statistics/output-floor.ts';
import { formatCount, formatPercent, formatPercentRange, formatPoints, formatPointsRange } from './numbers.ts';

/** Of a chart’s point or a row of a table: “floor 41 % (31 to 51 %)”. */
export function floorNote(floor: OutputFloor): string {
  return `floor ${formatPercent(floor.nfr)} (${formatPercentRange(floor)})`;
}

export const floorMeaning = 'Share of outputs that two samplings of the old model make worse (A/A).';

/** How many outputs fall by sampling alone, and what is left. */
export function floorSentence(floor: OutputFloor): string {
  const { n, nfr, excess } = floor;
  return `Two samplings of the old model make ${formatPercent(nfr)} (${formatPercentRange(floor)}) of ${formatCount(n)} outputs worse: the floor. Beyond it ${formatPoints(excess.value)} (${formatPointsRange(excess)}) fell.`;
}
