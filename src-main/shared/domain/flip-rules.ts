import { z } from 'zod';
import { WorkbenchError, assertNever } from './errors.ts';

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
