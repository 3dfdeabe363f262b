import type { ComparisonBasis } from '../../shared/contract/views.ts';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import {
  describeConditions,
  describeDifferences,
  describeMeasure,
  describeOthers,
  measureDifferences,
  sharedVariants,
  unknownMeasure,
} from '../../shared/domain/measures.ts';
import type { Measure } from '../../shared/domain/measures.ts';
import { pairedByNames } from '../../shared/domain/pairing.ts';
import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';
import { cardSentence } from '../../shared/presentation/judge-card.ts';
import type { Store } from '../../store/api.ts';
import { existing } from '../workspace/names.ts';

/** What a comparison rests on: by what its samples were paired, and what judged either side. */
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
      others: describeOthers(old, now),
      ...judgesOf(old, now),
    },
  };
}

/** One sentence for each card; the same one is said once. */
function judgesOf(...measures: readonly Measure[]): { judges?: string[] } {
  const cards = measures.flatMap(({ judge }) => (judge === undefined ? [] : [cardSentence(judge)]));
  return cards.length === 0 ? {} : { judges: [...new Set(cards)] };
}

/** What a comparison rests on, as the window shows it before any number, with what can be done about it. */
export async function basisWithChoices(store: Store, comparisonId: string): Promise<ComparisonBasis> {
  const comparison = existing('comparison', await store.getComparison(comparisonId), comparisonId);
  const { leftEvaluationId, rightEvaluationId } = comparison;
  const [left, right] = [await store.getEvaluation(leftEvaluationId), await store.getEvaluation(rightEvaluationId)];
  const { measure, pairing } = basisOf(comparison, left ?? undefined, right ?? undefined);
  return {
    measure: measure ?? null,
    pairing: pairing ?? null,
    choices: choicesOf(left?.measure ?? unknownMeasure, right?.measure ?? unknownMeasure),
    fields: await store.pairFields(leftEvaluationId, rightEvaluationId),
    notes: { left: left?.measure?.notes ?? [], right: right?.measure?.notes ?? [] },
  };
}

/** Variants by which both sides can be judged alike, where they are not: those that one side has already, else all that both have. */
function choicesOf(left: Measure, right: Measure): string[] {
  if (!measureDifferences(left, right).some(({ decides }) => decides)) return [];
  const shared = sharedVariants(left, right);
  const taken = [left, right].flatMap(({ variant, filter, metric, annotator, scorer }) =>
    [variant, filter, metric, annotator, scorer].filter((word) => word !== null),
  );
  const halfway = shared.filter((variant) => taken.includes(variant));
  return halfway.length > 0 ? halfway : shared;
}
