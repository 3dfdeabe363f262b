import type { Rule } from '../flip-rules.ts';
import type { Judged } from '../flips.ts';
import { classifyFlip, isCounted } from '../flips.ts';
import type { OutputFloor } from './output-floor-schema.ts';
import { defaultLevel, criticalZ, pairedDifference, wilson } from './intervals.ts';

export type { OutputFloor };

/** The metric of a sample that holds the mean score of as many answers of the same model, sampled once more. */
export const againMetric = 'rewards/again';

/** One sample of two evaluations: the old answer's score, what the old model scores once more, and whether the new one is a fall. */
export interface RepeatedOutput {
  before: number;
  again: number;
  isNegative: boolean;
}

/** Null without a sample that was answered twice over. */
export function outputFloor(
  outputs: Iterable<RepeatedOutput>,
  rule: Rule,
  level: number = defaultLevel,
): OutputFloor | null {
  const judged = (score: number): Judged => ({ verdict: null, score });
  let [n, fell, onlyNew, onlyAgain] = [0, 0, 0, 0];
  for (const { before, again, isNegative } of outputs) {
    if (!Number.isFinite(before) || !Number.isFinite(again)) continue;
    const kind = classifyFlip(judged(before), judged(again), rule);
    if (!isCounted(kind)) continue;
    const fellAgain = kind === 'negative';
    n += 1;
    if (fellAgain) fell += 1;
    if (isNegative && !fellAgain) onlyNew += 1;
    if (fellAgain && !isNegative) onlyAgain += 1;
  }
  if (n === 0) return null;
  // Of the difference (again − new): what falls only in the new model counts against it.
  const difference = pairedDifference(onlyAgain, onlyNew, n, criticalZ(level));
  const { value, low, high } = wilson(fell, n, level);
  return {
    n,
    nfr: value ?? 0,
    low,
    high,
    excess: { value: difference.value ?? 0, low: difference.low, high: difference.high },
    level,
  };
}
