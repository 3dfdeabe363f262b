import { WorkbenchError, assertNever } from './errors.ts';
import type { Direction, Rule } from './flip-rule-schema.ts';

export type { Direction, Rule };

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
  if (rule !== null) return rule;
  throw new WorkbenchError('bad-input', `“${text}” is not a flip rule`, {
    remedy:
      'Write verdict, verdict:ties-wrong, verdict:ties-right, margin:TAU or threshold:C, where TAU ≥ 0 and C are numbers; append :lower where lower scores are better.',
    place: { field: 'rule' },
  });
}

function directionSuffix(direction: Direction): string {
  return direction === 'lower' ? ':lower' : '';
}

function ruleOf(kind: string | undefined, first: string | undefined, second: string | undefined): Rule | null {
  if (kind === 'verdict') {
    if (second !== undefined) return null;
    const ties = first === undefined ? 'excluded' : tiesOf(first);
    return ties === null ? null : { kind, ties };
  }
  const direction = second ?? 'higher';
  if (direction !== 'higher' && direction !== 'lower') return null;
  const number = first === undefined || first.trim() === '' ? NaN : Number(first);
  if (!Number.isFinite(number)) return null;
  if (kind === 'margin') return number < 0 ? null : { kind, tau: number, direction };
  if (kind === 'threshold') return { kind, threshold: number, direction };
  return null;
}

function tiesOf(part: string): 'excluded' | 'wrong' | 'right' | null {
  if (part === 'ties-wrong') return 'wrong';
  if (part === 'ties-right') return 'right';
  return part === 'ties-excluded' ? 'excluded' : null;
}
