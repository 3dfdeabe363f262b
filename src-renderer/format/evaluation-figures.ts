import type { EvaluationRecord } from '@shared/domain/entities.ts';

/** Share of right verdicts among all that were given, 0…1; null where nothing was judged right or wrong. */
export function accuracyOf({ right, wrong, tie }: Pick<EvaluationRecord, 'right' | 'wrong' | 'tie'>): number | null {
  return right + wrong === 0 ? null : right / (right + wrong + tie);
}
