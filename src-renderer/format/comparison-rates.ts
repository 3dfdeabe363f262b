import type { EvaluationRecord } from '@shared/domain/entities.ts';
import type { ComparisonCounts, ComparisonRecord } from '@shared/domain/flip-view.ts';
import { flipKinds, isCounted } from '@shared/domain/flips.ts';
import { normal95, scoreInterval } from '@shared/domain/statistics/score-interval.ts';

/** NFR and PFR with their 95 % Wilson intervals, and net change, of a comparison's counts. */
export function ratesOf(counts: ComparisonCounts) {
  const n = flipKinds.filter(isCounted).reduce((sum, kind) => sum + counts.kinds[kind], 0);
  const { negative, positive } = counts.kinds;
  return {
    n,
    nfr: scoreInterval(negative, n, normal95),
    pfr: scoreInterval(positive, n, normal95),
    net: n === 0 ? null : (positive - negative) / n,
  };
}

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
