import type { Verdict } from '../../shared/domain/evaluations.ts';

/** Verdicts as stored: 0 none, then these in order. */
export const verdicts: readonly Verdict[] = ['right', 'wrong', 'tie'];

export function verdictCode(verdict: Verdict | null): number {
  return verdict === null ? 0 : verdicts.indexOf(verdict) + 1;
}

export function verdictOf(code: number): Verdict | null {
  return verdicts[code - 1] ?? null;
}
