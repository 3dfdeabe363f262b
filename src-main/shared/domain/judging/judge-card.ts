import type { Rate } from '../statistics/comparison-summary.ts';
import { wilson } from '../statistics/intervals.ts';
import type { JudgeFloor } from './judge-floor.ts';
import { verdictOfPair } from './pairwise.ts';
import type { BothOrders } from './pairwise.ts';

/** How far a judge of pairs can be trusted, and what it took: kept with the evaluation that its verdicts are. */
export interface JudgeCard {
  readonly model: string;
  readonly endpoint: string;
  readonly rubric: string;
  /** Pairs with two different texts that were asked about, and those among them that got two preferences. */
  readonly asked: number;
  readonly judged: number;
  /** Pairs whose two texts are the same: ties that nobody was asked about. */
  readonly same: number;
  /** Judged pairs with one outcome in both orders: the same answer preferred, or a tie twice. */
  readonly consistent: number;
  /** Of the others, those in which the answer that was shown first, or second, was never passed over. */
  readonly towardsFirst: number;
  readonly towardsSecond: number;
  /** Questions that were asked twice with a preference both times, and those that got the same one. */
  readonly repeated: number;
  readonly stable: number;
  /** Replies that the verdicts rest on, and those among them that were kept from an earlier attempt. */
  readonly requests: number;
  readonly kept?: number;
  /** Requests that had to be sent once more: the endpoint was busy, or did not answer. */
  readonly retries: number;
  /** Null where the server counts none. */
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
  readonly cost: number | null;
  /** How often the judge sees a change where there is none. Absent where nothing was asked again. */
  readonly floor?: JudgeFloor;
}

/** Of judged pairs, how many keep their outcome when the answers change places. Null without one. */
export function positionConsistency({ consistent, judged }: JudgeCard): Rate | null {
  return judged === 0 ? null : wilson(consistent, judged);
}

/** Of questions that were asked twice, how many got the same preference. Null without one. */
export function repetitionStability({ stable, repeated }: JudgeCard): Rate | null {
  return repeated === 0 ? null : wilson(stable, repeated);
}

/** Counts of a card, from what was said of the pairs and, of some of them, once more. */
export function countPairs(
  pairs: readonly { first: BothOrders; again: BothOrders | null }[],
): Pick<JudgeCard, 'asked' | 'judged' | 'consistent' | 'towardsFirst' | 'towardsSecond' | 'repeated' | 'stable'> {
  let [judged, consistent, towardsFirst, towardsSecond, repeated, stable] = [0, 0, 0, 0, 0, 0];
  for (const { first, again } of pairs) {
    const { oldFirst, newFirst } = first;
    if (oldFirst !== null && newFirst !== null) {
      judged += 1;
      const both = [oldFirst, newFirst];
      if (verdictOfPair(first) !== 'tie' || both.every((one) => one === 'tie')) consistent += 1;
      else if (!both.includes('second')) towardsFirst += 1;
      else towardsSecond += 1;
    }
    for (const order of ['oldFirst', 'newFirst'] as const) {
      const [before, now] = [first[order], again?.[order] ?? null];
      if (before === null || now === null) continue;
      repeated += 1;
      if (before === now) stable += 1;
    }
  }
  return { asked: pairs.length, judged, consistent, towardsFirst, towardsSecond, repeated, stable };
}
