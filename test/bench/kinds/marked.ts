import type { ChangeKind } from '../../../src-main/shared/domain/kinds/change-kinds.ts';

/** A new answer next to an old one, and whether a reader says that the kind holds: decided by reading, before any rule was asked. */
export interface Marked {
  readonly old: string;
  readonly now: string;
  readonly prompt: string;
  readonly target: string | null;
  /** How both were judged; a kind that speaks of verdicts needs it. */
  readonly was: boolean;
  readonly is: boolean;
  readonly holds: boolean;
}

export interface MarkedSet {
  readonly kind: ChangeKind;
  /** Where the texts come from, for the reference page. */
  readonly made: string;
  readonly texts: readonly Marked[];
}

export const plain = {
  prompt: 'Name the capital of France and the river it lies on.',
  old: 'The capital of France is Paris, a city on the river Seine.',
} as const;

interface Setting {
  readonly prompt?: string;
  readonly old?: string;
  readonly target?: string | null;
  readonly was?: boolean;
  readonly is?: boolean;
}

/** New answers by hand against one old answer; the second list are those that look alike and are not of the kind. */
export function byHand(
  kind: ChangeKind,
  yes: readonly string[],
  no: readonly string[],
  setting: Setting = {},
  second: (text: string) => string = typographic,
): MarkedSet {
  const marked =
    (holds: boolean) =>
    (now: string): Marked => ({ ...plain, target: null, was: true, is: false, ...setting, now, holds });
  const written = [...yes.map(marked(true)), ...no.map(marked(false))];
  const texts = [...written, ...written.map((one) => ({ ...one, now: second(one.now) }))];
  return { kind, made: `${written.length} by hand, each in two dresses`, texts };
}

/** Pairs by hand; both sides are dressed alike. */
export function pairsByHand(
  kind: ChangeKind,
  pairs: readonly (readonly [old: string, now: string, holds: boolean])[],
  setting: Setting = {},
  second: (text: string) => string = typographic,
): MarkedSet {
  const written = pairs.map(([old, now, holds]): Marked => ({
    ...plain,
    target: null,
    was: true,
    is: false,
    ...setting,
    old,
    now,
    holds,
  }));
  const texts = [...written, ...written.map((one) => ({ ...one, old: second(one.old), now: second(one.now) }))];
  return { kind, made: `${written.length} pairs by hand, each in two dresses`, texts };
}

/** Typographic quotation marks and apostrophes, and a line break at the end. */
export function typographic(text: string): string {
  const quoted = text.replace(/(\p{L})'(\p{L})/gu, '$1’$2').replace(/"([^"\n]*)"/g, '“$1”');
  return `${quoted}\n`;
}

/** Marks of code must stay as they are. */
export function spaced(text: string): string {
  return `\n${text}\n\n`;
}
