import { assertNever } from './errors.ts';
import type { SampleResult, Verdict } from './evaluations.ts';
import type { Direction, Rule } from './flip-rules.ts';

export const defaultRule: Rule = { kind: 'verdict', ties: 'excluded' };

/**
 * What became of one paired sample, left = old, right = new. The first five are counted in N; `tied` (a tie under
 * `ties: excluded`) and `missing` (a side has nothing to judge) are not, and are always shown next to N.
 * `unchanged` is the margin rule's middle: that rule knows no right and wrong.
 */
export const flipKinds = ['negative', 'positive', 'kept-right', 'kept-wrong', 'unchanged', 'tied', 'missing'] as const;
export type FlipKind = (typeof flipKinds)[number];

/** The part of a sample's outcome that a rule looks at. */
export type Judged = Pick<SampleResult, 'score' | 'verdict'>;

/** True for the kinds that are in the denominator N. */
export function isCounted(kind: FlipKind): boolean {
  return kind !== 'tied' && kind !== 'missing';
}

/** True for a change in either direction. */
export function isFlip(kind: FlipKind): boolean {
  return kind === 'negative' || kind === 'positive';
}

export function classifyFlip(left: Judged, right: Judged, rule: Rule): FlipKind {
  if (rule.kind === 'margin') return classifyMargin(left.score, right.score, rule);
  const old = verdictUnder(left, rule);
  const now = verdictUnder(right, rule);
  if (old === null || now === null) return 'missing';
  if (old === 'tie' || now === 'tie') return 'tied';
  if (old === 'right') return now === 'right' ? 'kept-right' : 'negative';
  return now === 'right' ? 'positive' : 'kept-wrong';
}

/**
 * The verdict of one side under a rule; null when there is nothing to judge, and always under the margin rule, which
 * judges a pair and not a side. `tie` comes out only where the rule excludes ties.
 */
export function verdictUnder(side: Judged, rule: Rule): Verdict | null {
  switch (rule.kind) {
    case 'verdict':
      return side.verdict === 'tie' && rule.ties !== 'excluded' ? rule.ties : side.verdict;
    case 'threshold':
      if (!isScore(side.score)) return null;
      return goodness(side.score, rule.direction) >= goodness(rule.threshold, rule.direction) ? 'right' : 'wrong';
    case 'margin':
      return null;
    default:
      return assertNever(rule);
  }
}

/** How much better the right side scored (positive = better), in the score's own units; null where a side has no score. */
export function scoreDelta(left: Judged, right: Judged, rule: Rule): number | null {
  if (!isScore(left.score) || !isScore(right.score)) return null;
  const direction = rule.kind === 'verdict' ? 'higher' : rule.direction;
  const delta = goodness(right.score, direction) - goodness(left.score, direction);
  return Number.isNaN(delta) ? null : delta;
}

function classifyMargin(old: number | null, now: number | null, rule: Extract<Rule, { kind: 'margin' }>): FlipKind {
  if (!isScore(old) || !isScore(now)) return 'missing';
  const gain = goodness(now, rule.direction) - goodness(old, rule.direction);
  if (gain < -rule.tau) return 'negative';
  return gain > rule.tau ? 'positive' : 'unchanged';
}

/** NaN is no score; infinities are (a log-prob of −∞). */
function isScore(score: number | null): score is number {
  return score !== null && !Number.isNaN(score);
}

function goodness(score: number, direction: Direction): number {
  return direction === 'higher' ? score : -score;
}
