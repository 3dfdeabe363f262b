import { isAnswered } from './evaluations.ts';
import type { Attempt, DecodingSettings, SuiteSpec, Verdict } from './evaluations.ts';
import { WorkbenchError } from './errors.ts';

/** Score and verdict of a sample that was answered several times: the mean of the scores, and what most answers are. */
export function settled(attempts: readonly Pick<Attempt, 'score' | 'verdict'>[]): {
  score: number | null;
  verdict: Verdict | null;
} {
  const scores = attempts.map(({ score }) => score).filter((score) => score !== null);
  const right = attempts.filter(({ verdict }) => verdict === 'right').length;
  const judged = right + attempts.filter(({ verdict }) => verdict === 'wrong').length;
  return {
    score: scores.length === 0 ? null : scores.reduce((sum, score) => sum + score, 0) / scores.length,
    verdict: judged === 0 ? null : 2 * right > judged ? 'right' : 2 * right < judged ? 'wrong' : 'tie',
  };
}

/** The most answers per item that a suite may ask for. */
export const mostRepeats = 1000;

/** Answers per item: 1 by default. */
export function repeatsOf({ repeats }: Pick<SuiteSpec, 'repeats'>): number {
  return repeats ?? 1;
}

/** Settings of the answer `number` (from 1): each is drawn from a seed of its own, the first from the suite's. */
export function decodingOfAttempt(decoding: DecodingSettings, number: number): DecodingSettings {
  // A prime far above the number of items, whose places are added to the seed.
  return { ...decoding, seed: decoding.seed + (number - 1) * 1_000_000_007 };
}

/** Refuses what several answers would say nothing of. */
export function checkRepeats({ kind, repeats, decoding }: Pick<SuiteSpec, 'kind' | 'repeats' | 'decoding'>): void {
  if (repeats === undefined) return;
  const refuse = (message: string, remedy: string) =>
    new WorkbenchError('bad-input', message, { remedy, place: { field: 'repeats' } });
  if (!Number.isInteger(repeats) || repeats < 1 || repeats > mostRepeats) {
    throw refuse(`A suite asks for ${repeats} answers per item.`, `Give a whole number from 1 to ${mostRepeats}.`);
  }
  if (repeats === 1) return;
  if (!isAnswered(kind)) {
    throw refuse(`A ${kind} suite scores given texts: asking again gives the same answer.`, 'Leave repeats out.');
  }
  if ((decoding?.temperature ?? 0) === 0) {
    throw refuse(
      'Greedy decoding gives the same answer every time.',
      'Give a temperature above 0, or leave repeats out.',
    );
  }
}
