import { flipKinds, isCounted } from '../domain/flips.ts';
import type { ComparisonCounts } from '../domain/flip-view.ts';
import type { ComparisonSummary } from '../domain/statistics/comparison-summary.ts';
import { normal95, scoreInterval } from '../domain/statistics/score-interval.ts';
import { plural } from './words.ts';
import { formatCount, formatLevel, formatPercent, formatPercentRange } from './numbers.ts';

/** A rate with the one interval that is shown for it. */
export interface ShownRate {
  value: number | null;
  low: number;
  high: number;
  level?: number;
  /** Groups of samples that are not independent, where the interval accounts for them. */
  clusters?: number;
}

/**
 * The rates of a summary as they are shown. Where samples come in groups the interval that accounts for them is the one, everywhere:
 * Wilson's of the samples one by one would be too sure.
 */
export function shownRates({ nfr, pfr, netChange, clustered }: ComparisonSummary) {
  return { nfr: clustered?.nfr ?? nfr, pfr: clustered?.pfr ?? pfr, netChange: clustered?.netChange ?? netChange };
}

/** The same from the counts that a comparison keeps; verdicts that a person corrected count. */
export function ratesOf(counts: ComparisonCounts) {
  const { kinds, clustered } = counts.corrected ?? counts;
  const n = flipKinds.filter(isCounted).reduce((sum, kind) => sum + kinds[kind], 0);
  const { negative, positive } = kinds;
  const nfr: ShownRate = clustered?.nfr ?? scoreInterval(negative, n, normal95);
  const pfr: ShownRate = clustered?.pfr ?? scoreInterval(positive, n, normal95);
  return { n, negative, positive, nfr, pfr, net: n === 0 ? null : (positive - negative) / n };
}

/** How an interval was had: “95 % Wilson interval, 120 groups of samples accounted for”. */
export function intervalBasis({ level = 0.95, clusters }: Pick<ShownRate, 'level' | 'clusters'>): string {
  const groups = clusters === undefined ? '' : `, ${formatCount(clusters)} groups of samples accounted for`;
  return `${formatLevel(level)} Wilson interval${groups}`;
}

/** A rate in full, for a tooltip or a reader: “2.4 %, 2.1 to 2.8 % (95 % Wilson interval, …)”. */
export function rateSentence(rate: ShownRate): string {
  if (rate.value === null) return 'nothing was counted';
  return `${formatPercent(rate.value)}, ${formatPercentRange(rate)} (${intervalBasis(rate)})`;
}

/** “27 negative flips as evaluated, 26 after 1 correction” */
export function correctedCount(corrections: { samples: number; negativeFlips: number }, now: number): string {
  const { samples, negativeFlips } = corrections;
  return `${plural(negativeFlips, 'negative flip')} as evaluated, ${formatCount(now)} after ${plural(samples, 'correction')}`;
}
