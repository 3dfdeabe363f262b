import { positionConsistency, repetitionStability } from '../domain/judging/judge-card.ts';
import type { JudgeCard } from '../domain/judging/judge-card.ts';
import { beyondFloor, floorRate } from '../domain/judging/judge-floor.ts';
import type { JudgeFloor } from '../domain/judging/judge-floor.ts';
import type { PairPlan } from '../domain/judging/pairwise.ts';
import type { Rate } from '../domain/statistics/comparison-summary.ts';
import {
  formatCount,
  formatLevel,
  formatNumber,
  formatPercent,
  formatPercentRange,
  formatPoints,
  formatPointsRange,
} from './numbers.ts';
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
    ['Floor', floorText(card.floor)],
    [
      'Requests',
      `${plural(card.requests, 'request')}${(card.kept ?? 0) === 0 ? '' : `, ${formatCount(card.kept ?? 0)} of them kept from an earlier attempt`}, ${plural(card.retries, 'retry', 'retries')}`,
    ],
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
    ...(card.floor === undefined ? [] : [`floor ${floorShort(card.floor)}`]),
    plural(card.requests, 'request'),
    ...(card.cost === null ? [] : [`cost ${formatNumber(card.cost, 3)}`]),
  ];
  return `Judged in pairs, both orders, by ${card.model}: ${parts.join(', ')}.`;
}

/** How often the judge sees a change where there is none, in full. */
function floorText(floor: JudgeFloor | undefined): string {
  if (floor === undefined) return 'not known: nothing was asked again';
  if (floor.from === 'repetition') {
    return `${shareOf(floor.changed, floor.pairs, floorRate(floor))} of the pairs that were asked about once more got another verdict. A second evaluation of the old model would also tell what sampling changes.`;
  }
  const beyond = beyondFloor(floor);
  return `${shareOf(floor.worse, floor.pairs, floorRate(floor))} of second answers by the old model are judged worse than its first, ${formatCount(floor.better)} better${beyond === null ? '' : `. New answers are judged worse ${formatPoints(beyond.value)} beyond that (${formatPointsRange(beyond)})`}.`;
}

function floorShort(floor: JudgeFloor): string {
  const share = shareOf(floor.from === 'again' ? floor.worse : floor.changed, floor.pairs, floorRate(floor));
  return floor.from === 'again' ? `${share} worse without a change` : `${share} of verdicts change when asked again`;
}

/** What leaves this machine for a judge of pairs, said before it does. */
export function pairPlanSentence(plan: PairPlan): string {
  const { pairs, of, origin, requests, kept, characters, cost, again, floor, passedOver, same, keyVariable } = plan;
  const share = pairs === of ? `all ${plural(of, 'sample')}` : `${formatCount(pairs)} of ${plural(of, 'sample')}`;
  const tokens = formatCount(Math.round(characters / charactersPerToken));
  const more = [
    ...(again === 0 ? [] : [`${formatCount(again)} of them once more`]),
    ...(floor === null ? [] : [`${formatCount(floor.pairs)} against “${floor.name}”, the floor`]),
  ];
  const sentences = [
    requests === 0
      ? `Nothing is sent: every answer about ${share} is kept from an earlier attempt`
      : `Prompts, targets and both answers of ${share}${more.length === 0 ? '' : ` (${more.join(', ')})`} go to ${origin}${keyVariable === null ? '' : ` with the key in ${keyVariable}`}: ${plural(requests, 'request')} with about ${tokens} tokens${cost === null ? '' : `, about ${formatNumber(cost, 3)} at the prices given`}`,
    ...(requests > 0 && kept > 0
      ? [`${plural(kept, 'answer')} are kept from an earlier attempt and cost nothing`]
      : []),
    ...(same === 0 ? [] : [`${plural(same, 'sample')} with the same text on both sides are ties`]),
    ...(passedOver === 0 ? [] : [`${plural(passedOver, 'sample')} without an answer on both sides are left out`]),
  ];
  return `${sentences.join('. ')}.`;
}

/** Estimated: no tokenizer of the judge is here. */
const charactersPerToken = 4;

function shareOf(hits: number, of: number, { value, low, high, level }: Rate): string {
  return `${formatPercent(value ?? 0)} (${formatCount(hits)} of ${formatCount(of)}, ${formatLevel(level)} interval ${formatPercentRange({ low, high })})`;
}
