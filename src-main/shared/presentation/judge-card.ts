import { positionConsistency, repetitionStability } from '../domain/judging/pairwise.ts';
import type { JudgeCard } from '../domain/judging/pairwise.ts';
import type { Rate } from '../domain/statistics/comparison-summary.ts';
import { formatCount, formatLevel, formatNumber, formatPercent, formatPercentRange } from './numbers.ts';
import { plural } from './words.ts';

/** A judge's card as lines with a name each: on the command line, on the evaluation's page and in reports. */
export function cardFacts(card: JudgeCard): [name: string, value: string][] {
  const [consistency, stability] = [positionConsistency(card), repetitionStability(card)];
  const tokens =
    card.promptTokens === null
      ? 'not counted by the server'
      : `${formatCount(card.promptTokens)} read, ${formatCount(card.outputTokens ?? 0)} written`;
  const pairs = [
    `${formatCount(card.judged)} judged`,
    ...(card.same === 0 ? [] : [`${formatCount(card.same)} with the same text on both sides`]),
    ...(card.asked === card.judged ? [] : [`${formatCount(card.asked - card.judged)} without two preferences`]),
  ];
  return [
    ['Judge', `${card.model} at ${card.endpoint}`],
    ['Rubric', card.rubric],
    ['Pairs', pairs.join(', ')],
    [
      'Position consistency',
      consistency === null
        ? 'not known: no pair was judged in both orders'
        : `${shareOf(card.consistent, card.judged, consistency)}; where the order decides: ${formatCount(card.towardsFirst)} for the answer shown first, ${formatCount(card.towardsSecond)} for the second`,
    ],
    [
      'Repetition stability',
      stability === null
        ? 'not known: no question was asked twice'
        : `${shareOf(card.stable, card.repeated, stability)} of the questions that were asked twice`,
    ],
    ['Requests', `${plural(card.requests, 'request')}, ${plural(card.retries, 'retry', 'retries')}`],
    ['Tokens', tokens],
    ['Cost', card.cost === null ? 'no price was given' : formatNumber(card.cost, 3)],
  ];
}

/** The card in one sentence, next to numbers that rest on it. */
export function cardSentence(card: JudgeCard): string {
  const [consistency, stability] = [positionConsistency(card), repetitionStability(card)];
  const parts = [
    ...(consistency === null ? [] : [`position consistency ${shareOf(card.consistent, card.judged, consistency)}`]),
    ...(stability === null ? [] : [`repetition stability ${shareOf(card.stable, card.repeated, stability)}`]),
    plural(card.requests, 'request'),
    ...(card.cost === null ? [] : [`cost ${formatNumber(card.cost, 3)}`]),
  ];
  return `Judged in pairs, both orders, by ${card.model}: ${parts.join(', ')}.`;
}

function shareOf(hits: number, of: number, { value, low, high, level }: Rate): string {
  return `${formatPercent(value ?? 0)} (${formatCount(hits)} of ${formatCount(of)}, ${formatLevel(level)} interval ${formatPercentRange({ low, high })})`;
}
