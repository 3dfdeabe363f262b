import { parseStatement } from '../domain/kinds/statements.ts';
import type { SetStatement } from '../domain/kinds/set-statements.ts';
import { kindLabel, kindPredicate } from '../domain/kinds/kind-sentences.ts';
import { formatCount, formatLevel, formatNumber, formatPercent, formatPValue, formatRange } from './numbers.ts';
import { plural } from './words.ts';

/** After a number of samples: “refuse”, “have “river” in the prompt”, “are in the slice “maths””. */
export function statementPhrase(text: string, count: number): string {
  const statement = parseStatement(text);
  const [be, have] = count === 1 ? ['is', 'has'] : ['are', 'have'];
  if (statement === null) return `${be} as “${text}” says`;
  switch (statement.is) {
    case 'change':
      return statement.name.endsWith(':gone')
        ? `${have} the kind “${kindLabel(statement.name.replace(/:gone$/, ''))}” in the old answer alone`
        : kindPredicate(statement.name, count);
    case 'slice':
      return `${be} in the slice “${statement.name}”`;
    case 'judged':
      return `${be} as a judge says: “${statement.text}”`;
    case 'tag':
      return `${have} the tag “${statement.name}”`;
    case 'prompt':
      return `${have} “${statement.words}” in the prompt`;
    case 'prompt-length':
      return `${have} a prompt of ${lengthWords(statement)}`;
    case 'target-length':
      return `${have} a target of ${lengthWords(statement)}`;
  }
}

/** For a chip: “prompt: river”, “Refusal”. */
export function statementLabel(text: string): string {
  const statement = parseStatement(text);
  if (statement === null) return text;
  switch (statement.is) {
    case 'change':
      return kindLabel(statement.name);
    case 'slice':
      return statement.name;
    case 'judged':
      return `judged: ${statement.text}`;
    case 'tag':
      return `#${statement.name}`;
    case 'prompt':
      return `prompt: ${statement.words}`;
    case 'prompt-length':
      return `prompt of ${lengthWords(statement)}`;
    case 'target-length':
      return `target of ${lengthWords(statement)}`;
  }
}

function lengthWords({ from, below }: { from: number; below: number | null }): string {
  if (below === null) return `${formatCount(from)} characters or more`;
  if (from === 0) return `fewer than ${plural(below, 'character')}`;
  return below - 1 === from ? plural(from, 'character') : `${formatCount(from)} to ${plural(below - 1, 'character')}`;
}

/** “48 of 60 refuse”. */
export function statementHead({ statement, hits, of }: Pick<SetStatement, 'statement' | 'hits' | 'of'>): string {
  return `${formatCount(hits)} of ${formatCount(of)} ${statementPhrase(statement, hits)}`;
}

/** “12 times as often as the others (3 %; 95 % interval 8 to 19), p < 0.001”; “none of the other 900 does”. */
export function statementLift({ restHits, restOf, lift, pHolm }: SetStatement): string {
  const interval = `${formatLevel(lift.level)} interval ${formatRange(lift.low, lift.high)}`;
  const p = `${formatPValue(pHolm)} (Holm)${mayBeChance({ pHolm }) ? ', which may be chance' : ''}`;
  if (lift.value === null || restHits === 0)
    return `none of the other ${formatCount(restOf)} (lift: ${interval}), ${p}`;
  return `${formatNumber(lift.value, 3)} times as often as the other ${formatCount(restOf)}, ${formatPercent(restHits / restOf)} of them (${interval}), ${p}`;
}

/** Whether so much was tried that the statement may hold by chance alone. */
export function mayBeChance({ pHolm }: Pick<SetStatement, 'pHolm'>): boolean {
  return pHolm >= 0.05;
}

/** The whole statement as a sentence. */
export function statementSentence(one: SetStatement): string {
  return `${statementHead(one)}: ${statementLift(one)}.`;
}
