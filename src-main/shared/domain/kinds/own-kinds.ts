import { z } from 'zod';
import { WorkbenchError } from '../errors.ts';
import type { Span } from './change-kinds.ts';
import { changeKinds, mostOwnKinds } from './change-kinds.ts';
import type { KindRules } from './classify.ts';
import { refusalTest } from './refusal.ts';

/** A kind that a person defined: answers in which a pattern is found. */
export interface OwnKind {
  readonly name: string;
  find(text: string): Span | null;
}

const pattern = z.string().min(1).max(1000);
/** What a workspace sets about kinds, kept as JSON under the setting `kinds`. */
export const kindSettingsSchema = z.strictObject({
  /** Regular expressions by which a refusal is known where a sentence begins; null = those of the program. */
  refusals: z.array(pattern).max(500).nullable().default(null),
  own: z
    .array(z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/), pattern }))
    .max(mostOwnKinds)
    .default([]),
});
export type KindSettings = z.output<typeof kindSettingsSchema>;
export const defaultKindSettings: KindSettings = { refusals: null, own: [] };
/** The setting's key in the workspace. */
export const kindSettingsKey = 'kinds';

/** Grows whenever a rule changes, so that kinds that were counted by older rules are counted again. */
const rulesVersion = 3;
const ownCharacters = 20_000;

/** Reads the setting; throws `bad-input` where it is not one. */
export function parseKindSettings(text: string | null): KindSettings {
  if (text === null || text.trim() === '') return defaultKindSettings;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('it is not JSON');
  }
  const parsed = kindSettingsSchema.safeParse(value);
  if (!parsed.success)
    throw wrong(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const names = parsed.data.own.map(({ name }) => name);
  const taken = names.find((name, i) => names.indexOf(name) !== i || (changeKinds as readonly string[]).includes(name));
  if (taken !== undefined) throw wrong(`the name “${taken}” is taken`);
  for (const one of [...(parsed.data.refusals ?? []), ...parsed.data.own.map((own) => own.pattern)]) compiled(one);
  return parsed.data;
}

/** The rules that the settings make. */
export function kindRules({ refusals, own }: KindSettings): KindRules {
  return {
    refusal: refusalTest(refusals),
    own: own.map(({ name, pattern: source }) => {
      const expression = compiled(source);
      return {
        name,
        find(text) {
          const match = expression.exec(text.slice(0, ownCharacters));
          return match === null ? null : { from: match.index, to: match.index + match[0].length };
        },
      };
    }),
  };
}

/** Tells whether kinds were counted by the same rules. */
export function rulesMark(settings: KindSettings): string {
  return `${rulesVersion} ${JSON.stringify([settings.refusals, settings.own.map((own) => [own.name, own.pattern])])}`;
}

/** A group that repeats something that repeats takes longer than anybody waits. */
const nestedRepeat = /\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)(?:[+*]|\{\d+,)/;

function compiled(source: string): RegExp {
  if (nestedRepeat.test(source)) throw wrong(`the pattern “${source}” repeats a group that repeats`);
  try {
    return new RegExp(source, 'iu');
  } catch {
    throw wrong(`“${source}” is not a regular expression`);
  }
}

function wrong(why: string): WorkbenchError {
  return new WorkbenchError('bad-input', `The setting “kinds” cannot be used: ${why}.`, {
    remedy:
      'Write {"refusals": null or a list of patterns, "own": [{"name": "hedges", "pattern": "\\\\bperhaps\\\\b"}]}; names are small letters, digits and hyphens.',
    place: { field: 'kinds' },
  });
}
