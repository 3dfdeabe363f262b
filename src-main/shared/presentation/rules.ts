import { assertNever } from '../domain/errors.ts';
import type { Direction, Rule } from '../domain/flip-rules.ts';
import { formatNumber } from './numbers.ts';

/** The rule as a phrase that follows “Rule:”. */
export function rulePhrase(rule: Rule): string {
  switch (rule.kind) {
    case 'verdict':
      return rule.ties === 'excluded' ? 'verdict, ties excluded' : `verdict, a tie counts as ${rule.ties}`;
    case 'margin':
      return rule.tau === 0
        ? `any change in score counts (no threshold)${lowerNote(rule.direction)}`
        : `score changed by more than ${formatNumber(rule.tau)}${lowerNote(rule.direction)}`;
    case 'threshold':
      return `score crossed ${formatNumber(rule.threshold)}${lowerNote(rule.direction)}`;
    default:
      return assertNever(rule);
  }
}

/** What the rule counts as a negative flip, to end a sentence that begins “A negative flip:”. */
export function negativeFlipUnder(rule: Rule): string {
  switch (rule.kind) {
    case 'verdict':
      return `old right and new wrong, by verdict; ${rule.ties === 'excluded' ? 'ties are excluded' : `a tie counts as ${rule.ties}`}`;
    case 'margin':
      return rule.tau === 0
        ? `the score gets worse by any amount (no threshold); ${rule.direction} is better`
        : `the score gets worse by more than ${formatNumber(rule.tau)}; ${rule.direction} is better`;
    case 'threshold':
      return `the old score is ${formatNumber(rule.threshold)} or better and the new one is not; ${rule.direction} is better`;
    default:
      return assertNever(rule);
  }
}

/** Whether a rate under this rule may be read as a rate of verdicts: a margin without a threshold counts every change as a flip. */
export function isRateOfVerdicts(rule: Rule): boolean {
  return rule.kind !== 'margin' || rule.tau > 0;
}

function lowerNote(direction: Direction): string {
  return direction === 'lower' ? ', lower is better' : '';
}
