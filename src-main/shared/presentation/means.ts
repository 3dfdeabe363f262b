import { formatNumber, formatPercent } from './numbers.ts';
import { metricLabel } from './metric-names.ts';

/** A mean over the samples of an evaluation as people read it; names that a scorer or a source gave are their own label. */
export function meanName(name: string): string {
  // The one mean of answers that the registry of curves has a name for.
  return name === 'acc' ? 'accuracy' : name === 'kl/pre' ? metricLabel(name) : name;
}

/** A share of right answers in percent, everything else as a number. */
export function meanValue(name: string, value: number): string {
  return name === 'acc' ? formatPercent(value) : formatNumber(value);
}
