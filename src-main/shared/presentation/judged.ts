import type { JudgedStatement, JudgedStatements, JudgePlan } from '../domain/kinds/judged-statements.ts';
import { statementText } from '../domain/kinds/statements.ts';
import { formatCount, formatLevel, formatNumber, formatPercent, formatPValue, formatRange } from './numbers.ts';
import { plural } from './words.ts';

/** As a filter's `where` has it. */
export function judgedWhere({ text }: Pick<JudgedStatement, 'text'>): string {
  return statementText({ is: 'judged', text });
}

/** “31 of 40: “The new answer apologises.””. */
export function judgedHead({ text, hits, of }: JudgedStatement): string {
  return `${formatCount(hits)} of ${formatCount(of)}: “${text}”`;
}

/** “6.2 times as often as the other 40, 12.5 % of them (95 % interval …), p < 0.001 (Holm)”. */
export function judgedLift({ restHits, restOf, lift, pHolm, unclear }: JudgedStatement): string {
  const interval = `${formatLevel(lift.level)} interval ${formatRange(lift.low, lift.high)}`;
  const p = `${formatPValue(pHolm)} (Holm)${pHolm >= 0.05 ? ', which may be chance' : ''}`;
  const often =
    lift.value === null
      ? `none of the other ${formatCount(restOf)} (lift: ${interval})`
      : `${formatNumber(lift.value, 3)} times as often as the other ${formatCount(restOf)}, ${formatPercent(restHits / Math.max(1, restOf))} of them (${interval})`;
  return `${often}, ${p}${unclear === 0 ? '' : `; of ${plural(unclear, 'sample')} it said neither yes nor no`}`;
}

/** A judged statement as a sentence, with who judged. */
export function judgedSentence(one: JudgedStatement, { model }: Pick<JudgedStatements, 'model'>): string {
  return `${judgedHead(one)}, says ${model}: ${judgedLift(one)}.`;
}

/** On how many samples what was asked, and what it took. */
export function judgedNote({
  model,
  samples,
  rest,
  tried,
  requests,
  promptTokens,
  outputTokens,
  cost,
  sameSamples,
}: JudgedStatements): string {
  const tokens =
    promptTokens === null ? '' : `, ${formatCount(promptTokens)} tokens read and ${formatCount(outputTokens)} written`;
  const same = sameSamples
    ? ' There were too few samples to judge the statements on others than they were made from, so their p flatters.'
    : '';
  return `${model} proposed ${plural(tried, 'statement')} and judged each on samples drawn from the ${formatCount(samples)} of the list and the ${formatCount(rest)} others (${plural(requests, 'request')}${tokens}${cost === null ? '' : `, cost ${formatNumber(cost, 3)}`}).${same}`;
}

/** What leaves this machine, said before it does. */
export function planSentence({ origin, samples, requests, characters, cost }: JudgePlan): string {
  return `Prompts, targets and both answers of ${plural(samples, 'sample')} (the first 1,500 characters of each text) go to ${origin}: at most ${plural(requests, 'request')} with ${formatCount(characters)} characters in all, about ${formatCount(Math.round(characters / 4))} tokens${cost === null ? '' : `, about ${formatNumber(cost, 3)} at the prices given`}.`;
}
