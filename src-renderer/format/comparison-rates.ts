import type { EvaluationRecord } from '@shared/domain/entities.ts';
import type { ComparisonRecord } from '@shared/domain/flip-view.ts';
import { isRateOfVerdicts } from '@shared/presentation/rules.ts';
import { ratesOf } from '@shared/presentation/rates.ts';

/**
 * Comparisons worth a headline: those that counted something, and of a run's many evaluations of a suite only the one
 * furthest into training. Their order is kept, but what runs and imports brought goes before checks of a model by itself, of
 * which one interpolation makes a handful.
 */
export function headlines(
  comparisons: ComparisonRecord[],
  evaluations: ReadonlyMap<string, EvaluationRecord>,
): ComparisonRecord[] {
  const furthest = new Map<string, ComparisonRecord>();
  const stepOf = (one: ComparisonRecord) => evaluations.get(one.rightEvaluationId)?.step ?? 0;
  for (const one of comparisons) {
    if (one.state === 'ready' && ratesOf(one.counts).n === 0) continue;
    // Every change counts there: no rate to be read next to rates of verdicts.
    if (!isRateOfVerdicts(one.rule)) continue;
    const right = evaluations.get(one.rightEvaluationId);
    const key = right?.runId ? `${right.runId} ${right.suiteName} ${one.leftEvaluationId}` : one.id;
    const known = furthest.get(key);
    if (known === undefined || stepOf(one) > stepOf(known)) furthest.set(key, one);
  }
  const kept = new Set(furthest.values());
  const worth = comparisons.filter((one) => kept.has(one));
  const ofModelAlone = (one: ComparisonRecord) => {
    const right = evaluations.get(one.rightEvaluationId);
    return right !== undefined && right.runId === null && right.modelId !== null;
  };
  return [...worth.filter((one) => !ofModelAlone(one)), ...worth.filter(ofModelAlone)];
}
