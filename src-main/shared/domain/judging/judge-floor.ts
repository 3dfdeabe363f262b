import { criticalZ, defaultLevel, pairedDifference, wilson } from '../statistics/intervals.ts';
import type { Rate } from '../statistics/comparison-summary.ts';
import { verdictOfPair } from './pairwise.ts';
import type { BothOrders } from './pairwise.ts';

/**
 * How often a judge of pairs sees a change where there is none (A/A). `again`: the old answer against another one that the old model
 * sampled; `repetition`: the very same pairs asked once more, which leaves out what sampling changes.
 */
export type JudgeFloor =
  | {
      readonly from: 'again';
      /** Samples judged both ways: their second sampling, and their new answer. */
      readonly pairs: number;
      /** Those whose second answer by the old model is judged worse, or better, than its first. */
      readonly worse: number;
      readonly better: number;
      /** Samples in which the new answer alone is judged worse than the old one, or the second sampling alone. */
      readonly onlyNew: number;
      readonly onlyAgain: number;
    }
  | {
      readonly from: 'repetition';
      /** Pairs judged twice, and those that got another verdict. */
      readonly pairs: number;
      readonly changed: number;
    };

/** Null without a sample that has both verdicts. A pair of the same text is given as a tie. */
export function floorOfAgain(samples: Iterable<{ now: BothOrders; again: BothOrders }>): JudgeFloor | null {
  let [pairs, worse, better, onlyNew, onlyAgain] = [0, 0, 0, 0, 0];
  for (const { now, again } of samples) {
    const [fell, fellAgain] = [verdictOfPair(now), verdictOfPair(again)];
    if (fell === null || fellAgain === null) continue;
    pairs += 1;
    if (fellAgain === 'wrong') worse += 1;
    if (fellAgain === 'right') better += 1;
    if (fell === 'wrong' && fellAgain !== 'wrong') onlyNew += 1;
    if (fell !== 'wrong' && fellAgain === 'wrong') onlyAgain += 1;
  }
  return pairs === 0 ? null : { from: 'again', pairs, worse, better, onlyNew, onlyAgain };
}

/** Null without a pair that was judged twice. */
export function floorOfRepetition(pairs: Iterable<{ first: BothOrders; again: BothOrders | null }>): JudgeFloor | null {
  let [judged, changed] = [0, 0];
  for (const { first, again } of pairs) {
    const [before, now] = [verdictOfPair(first), again === null ? null : verdictOfPair(again)];
    if (before === null || now === null) continue;
    judged += 1;
    if (before !== now) changed += 1;
  }
  return judged === 0 ? null : { from: 'repetition', pairs: judged, changed };
}

/** The expected rate of changes under no change: answers judged worse, or verdicts that another asking changes. */
export function floorRate(floor: JudgeFloor): Rate {
  return wilson(floor.from === 'again' ? floor.worse : floor.changed, floor.pairs);
}

/** By how much more often new answers are judged worse than second samplings of the same samples (Bonett and Price's interval). */
export function beyondFloor(floor: JudgeFloor): { value: number; low: number; high: number } | null {
  if (floor.from !== 'again') return null;
  const { value, low, high } = pairedDifference(floor.onlyAgain, floor.onlyNew, floor.pairs, criticalZ(defaultLevel));
  return { value: value ?? 0, low, high };
}
