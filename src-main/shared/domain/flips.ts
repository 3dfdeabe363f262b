import { z } from 'zod';
import { WorkbenchError, assertNever } from './errors.ts';
import type { SampleResult, Verdict } from './evaluations.ts';

/**
 * What makes a sample a flip (method.md §4). The rule is part of a comparison's identity: two comparisons of the same
 * evaluations under different rules are different comparisons, and the rule is printed with every number.
 */
export const directionSchema = z.enum(['higher', 'lower']).describe('Which scores are better.');
const finite = z.number();

export const ruleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('verdict'),
    ties: z.enum(['excluded', 'wrong', 'right']).default('excluded').describe('What a tie counts as.'),
  }),
  z.strictObject({
    kind: z.literal('margin'),
    tau: finite.min(0).describe('A score that falls by more than this is a negative flip.'),
    direction: directionSchema.default('higher'),
  }),
  z.strictObject({
    kind: z.literal('threshold'),
    threshold: finite.describe('A score at least this good is right.'),
    direction: directionSchema.default('higher'),
  }),
]);
export type Rule = z.output<typeof ruleSchema>;
export type Direction = z.output<typeof directionSchema>;

export const defaultRule: Rule = { kind: 'verdict', ties: 'excluded' };

/**
 * What became of one paired sample, left = old, right = new. The first five are counted in N; `tied` (a tie under
 * `ties: excluded`) and `missing` (a side has nothing to judge) are not, and are always shown beside N.
 * `unchanged` is the margin rule's middle: that rule knows no right and wrong.
 */
export const flipKinds = ['negative', 'positive', 'kept-right', 'kept-wrong', 'unchanged', 'tied', 'missing'] as const;
export type FlipKind = (typeof flipKinds)[number];

/** The part of a sample's outcome that a rule looks at. */
export type Judged = Pick<SampleResult, 'score' | 'verdict'>;

/** True for the kinds that stand in the denominator N. */
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

/** A rule as people type it and as it identifies a comparison; `parseRule` reads it back. Defaults are left out. */
export function formatRule(rule: Rule): string {
  switch (rule.kind) {
    case 'verdict':
      return rule.ties === 'excluded' ? 'verdict' : `verdict:ties-${rule.ties}`;
    case 'margin':
      return `margin:${rule.tau}${directionSuffix(rule.direction)}`;
    case 'threshold':
      return `threshold:${rule.threshold}${directionSuffix(rule.direction)}`;
    default:
      return assertNever(rule);
  }
}

/** Reads `verdict[:ties-wrong|:ties-right]`, `margin:TAU[:lower]`, `threshold:C[:lower]`. */
export function parseRule(text: string): Rule {
  const [kind, first, second, ...rest] = text.trim().split(':');
  const rule = rest.length > 0 ? null : ruleOf(kind, first, second);
  const parsed = ruleSchema.safeParse(rule);
  if (parsed.success) return parsed.data;
  throw new WorkbenchError('bad-input', `“${text}” is not a flip rule`, {
    remedy:
      'Write verdict, verdict:ties-wrong, verdict:ties-right, margin:TAU or threshold:C, where TAU ≥ 0 and C are numbers; append :lower where lower scores are better.',
    place: { field: 'rule' },
  });
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

function directionSuffix(direction: Direction): string {
  return direction === 'lower' ? ':lower' : '';
}

function ruleOf(kind: string | undefined, first: string | undefined, second: string | undefined): unknown {
  if (kind === 'verdict' && second === undefined) return first === undefined ? { kind } : tieRule(first);
  if (first === undefined || first.trim() === '') return null;
  const direction = second === undefined ? {} : { direction: second };
  if (kind === 'margin') return { kind, tau: Number(first), ...direction };
  if (kind === 'threshold') return { kind, threshold: Number(first), ...direction };
  return null;
}

function tieRule(part: string): unknown {
  return part.startsWith('ties-') ? { kind: 'verdict', ties: part.slice('ties-'.length) } : null;
}
