import type { KindSummary } from '../domain/statistics/change-summary.ts';
import { formatLevel, formatNumber, formatPValue, formatRange } from './numbers.ts';

/** “3.2 times as frequent as among unchanged samples (95 % interval 1.1 to 9), p = 0.01 (Holm)”; null for kinds that have no lift. */
export function liftSentence({
  lift,
  pHolm,
  unchanged,
}: Pick<KindSummary, 'lift' | 'pHolm' | 'unchanged'>): string | null {
  if (lift === null) return null;
  const interval = `${formatLevel(lift.level)} interval ${formatRange(lift.low, lift.high)}`;
  const p = pHolm === null ? '' : `, ${formatPValue(pHolm)} (Holm)`;
  if (lift.value === null || unchanged === 0) return `none among unchanged samples (lift: ${interval})${p}`;
  return `${formatNumber(lift.value, 3)} times as frequent as among unchanged samples (${interval})${p}`;
}
