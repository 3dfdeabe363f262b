import type { ComparisonCounts, GroupedRate } from '../../shared/domain/flip-view.ts';
import { clusteredRates, clustersOrNull } from '../../shared/domain/statistics/clustered-rates.ts';
import { defaultLevel } from '../../shared/domain/statistics/intervals.ts';
import { flipKinds, classifyFlip, verdictUnder } from '../../shared/domain/flips.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import type { Judged } from '../../shared/domain/flips.ts';
import { verdictOf } from '../queries/verdicts.ts';
import type { StoredColumns } from './columns.ts';

/** Verdicts that a person set in place of those of the evaluations, by row; codes as stored, 0 = left as evaluated. */
export type Corrections = ReadonlyMap<number, { left: number; right: number }>;

/**
 * The outcome of each pair with corrected verdicts in place of the evaluated ones. Under the margin rule, which judges a pair and not
 * a side, a corrected verdict changes nothing.
 */
export function correctedKinds(columns: StoredColumns, rule: Rule, corrections: Corrections): Uint8Array {
  const evaluated = columns.get('kind');
  if (corrections.size === 0 || rule.kind === 'margin') return evaluated;
  const kinds = evaluated.slice();
  for (const [row, { left, right }] of corrections) {
    const kind = classifyFlip(
      corrected(left, judged(columns, 'left', row), rule),
      corrected(right, judged(columns, 'right', row), rule),
      { kind: 'verdict', ties: rule.kind === 'verdict' ? rule.ties : 'excluded' },
    );
    kinds[row] = flipKinds.indexOf(kind);
  }
  return kinds;
}

function corrected(code: number, side: Judged, rule: Rule): Judged {
  return { score: side.score, verdict: code === 0 ? verdictUnder(side, rule) : verdictOf(code) };
}

function judged(columns: StoredColumns, side: 'left' | 'right', row: number): Judged {
  const score = columns.get(`${side}Score`)[row] ?? NaN;
  return {
    score: Number.isNaN(score) ? null : score,
    verdict: verdictOf(columns.get(`${side}Verdict`)[row] ?? 0),
  };
}

/** Counts with corrections, for the lists; null if nothing was corrected. */
export function correctedCounts(
  columns: StoredColumns,
  rule: Rule,
  corrections: Corrections,
): NonNullable<ComparisonCounts['corrected']> | null {
  if (corrections.size === 0) return null;
  const codes = correctedKinds(columns, rule, corrections);
  const tally = new Int32Array(flipKinds.length);
  for (const code of codes) tally[code]! += 1;
  const kinds = Object.fromEntries(
    flipKinds.map((kind, index) => [kind, tally[index] ?? 0]),
  ) as ComparisonCounts['kinds'];
  const clustered = groupedRates(codes, columns.get('cluster'));
  return { samples: corrections.size, kinds, ...(clustered === null ? {} : { clustered }) };
}

/** The rates that lists show; null if samples are not grouped: Wilson's interval then needs only the counts. */
export function groupedRates(kinds: Uint8Array, clusters: Int32Array): { nfr: GroupedRate; pfr: GroupedRate } | null {
  const own = clustersOrNull(clusters);
  const rates = own === null ? null : clusteredRates(kinds, own, defaultLevel);
  if (rates === null) return null;
  const shown = ({ value, low, high, clusters: groups }: GroupedRate) => ({ value, low, high, clusters: groups });
  return { nfr: shown(rates.nfr), pfr: shown(rates.pfr) };
}
