import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import {
  describeConditions,
  describeDifferences,
  describeMeasure,
  measureDifferences,
  sharedVariants,
  unknownMeasure,
} from '../../shared/domain/measures.ts';
import { pairedByNames } from '../../shared/domain/pairing.ts';
import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';

/** What a comparison stands on: by what its samples were paired, and what judged either side. */
export function basisOf(
  { pairBy, pairing, pairingNote }: Pick<ComparisonRecord, 'pairBy' | 'pairing' | 'pairingNote'>,
  left: EvaluationRecord | undefined,
  right: EvaluationRecord | undefined,
): Pick<ComparisonSummary, 'measure' | 'pairing'> {
  const [old, now] = [left?.measure ?? unknownMeasure, right?.measure ?? unknownMeasure];
  const differences = measureDifferences(old, now);
  return {
    pairing: { asked: pairBy, by: pairedByNames[pairing], note: pairingNote ?? null },
    measure: {
      left: describeMeasure(old),
      right: describeMeasure(now),
      difference: describeDifferences(differences),
      conditions: describeConditions(differences),
      variants: sharedVariants(old, now),
    },
  };
}
