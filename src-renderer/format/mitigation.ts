import type { MitigationLedger } from '@shared/contract/views.ts';

/** Outcomes of a ledger with their counts, in the order in which they are told; kept ones are counted from the rows. */
export function mitigationTotals(ledger: MitigationLedger) {
  return [
    { outcome: 'repaired' as const, count: ledger.repaired },
    { outcome: 'still-broken' as const, count: ledger.stillBroken },
    { outcome: 'newly-broken' as const, count: ledger.newlyBroken },
    { outcome: 'kept' as const, count: ledger.rows.filter(({ outcome }) => outcome === 'kept').length },
  ];
}
