import type { MitigationLedger } from '@shared/contract/views.ts';

/**
 * Outcomes of a ledger with their counts, in the order in which they are told; kept ones are counted from the rows. `share` is of
 * the set's samples that were lost before: newly broken and kept samples are none of these and have no share.
 */
export function mitigationTotals(ledger: MitigationLedger) {
  const lost = ledger.repaired + ledger.stillBroken;
  const shareOf = (count: number) => (lost === 0 ? null : count / lost);
  return [
    { outcome: 'repaired' as const, count: ledger.repaired, share: shareOf(ledger.repaired) },
    { outcome: 'still-broken' as const, count: ledger.stillBroken, share: shareOf(ledger.stillBroken) },
    { outcome: 'newly-broken' as const, count: ledger.newlyBroken, share: null },
    { outcome: 'kept' as const, count: ledger.rows.filter(({ outcome }) => outcome === 'kept').length, share: null },
  ].filter(({ outcome, count }) => outcome !== 'kept' || count > 0);
}
