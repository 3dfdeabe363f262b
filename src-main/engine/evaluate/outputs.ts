import { repeatsOf } from '../../shared/domain/attempts.ts';
import type { SuiteSpec, Verdict } from '../../shared/domain/evaluations.ts';
import type { SuiteNumbers } from '../../shared/domain/metrics.ts';
import type { Judgement } from './answers.ts';

/**
 * For an `outputs` suite, whose answers are compared by their scores: a verdict without a score is worth 1, 0 or ½. Other suites keep what
 * the scorer returned.
 */
export function judgedFor(
  { kind }: Pick<SuiteSpec, 'kind'>,
  judged: Pick<Judgement, 'score' | 'verdict'> | undefined,
): { score: number | null; verdict: Verdict | null } {
  const { score = null, verdict = null } = judged ?? {};
  if (kind !== 'outputs') return { score, verdict };
  const worth: Record<Verdict, number> = { right: 1, wrong: 0, tie: 0.5 };
  return { score: score ?? (verdict === null ? null : worth[verdict]), verdict: null };
}

/** Numbers of the extra answers that an `outputs` suite samples for its floor; greedy answers would come out the same. */
export function numbersAgain(suite: Pick<SuiteSpec, 'kind' | 'decoding' | 'repeats'>): number[] {
  if (suite.kind !== 'outputs' || (suite.decoding?.temperature ?? 0) === 0) return [];
  const repeats = repeatsOf(suite);
  return Array.from({ length: repeats }, (_, i) => repeats + i + 1);
}

/** Their mean score, as a metric of the sample; nothing without one. */
export function scoreAgain(scores: readonly (number | null)[]): SuiteNumbers<'outputs'> {
  const known = scores.filter((score) => score !== null);
  if (known.length === 0) return {};
  return { 'rewards/again': known.reduce((sum, score) => sum + score, 0) / known.length };
}
