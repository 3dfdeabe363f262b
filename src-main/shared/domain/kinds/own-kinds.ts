import { z } from 'zod';
import { WorkbenchError } from '../errors.ts';
import { programSchema } from '../programs.ts';
import type { Span } from './change-kinds.ts';
import { changeKinds, mostOwnKinds } from './change-kinds.ts';
import type { KindRules } from './classify.ts';
import { refusalTest } from './refusal.ts';

/** A kind that a person defined: answers in which a pattern is found. Of a program’s, nothing is found here: see `ProgramFindings`. */
export interface OwnKind {
  readonly name: string;
  find(text: string): Span | null;
}

const pattern = z.string().min(1).max(1000);
const ownName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);
/** A kind of which a program says, answer by answer, whether it holds: the protocol of a command scorer. */
const ownProgramSchema = programSchema.omit({ kind: true }).extend({ name: ownName }).strict();
/** What a workspace sets about kinds, kept as JSON under the setting `kinds`. */
export const kindSettingsSchema = z.strictObject({
  /** Regular expressions by which a refusal is known where a sentence begins; null = those of the program. */
  refusals: z.array(pattern).max(500).nullable().default(null),
  own: z
    .array(z.union([z.strictObject({ name: ownName, pattern }), ownProgramSchema]))
    .max(mostOwnKinds)
    .default([]),
  /** Grows when programs are to be asked again, since nobody sees that they changed. */
  again: z.number().int().min(0).optional(),
});
export type KindSettings = z.output<typeof kindSettingsSchema>;
export type OwnProgram = z.output<typeof ownProgramSchema>;
export const defaultKindSettings: KindSettings = { refusals: null, own: [] };
/** The setting's key in the workspace. */
export const kindSettingsKey = 'kinds';

/** Grows whenever a rule changes, so that kinds that were counted by older rules are counted again. */
export const rulesVersion = 4;
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
  const patterns = parsed.data.own.flatMap((own) => ('pattern' in own ? [own.pattern] : []));
  for (const one of [...(parsed.data.refusals ?? []), ...patterns]) compiled(one);
  return parsed.data;
}

/** The rules that the settings make. */
export function kindRules({ refusals, own }: KindSettings): KindRules {
  return {
    refusal: refusalTest(refusals),
    own: own.map((one) => {
      if (!('pattern' in one)) return { name: one.name, find: () => null };
      const expression = compiled(one.pattern);
      return {
        name: one.name,
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
  const own = settings.own.map((one) =>
    'pattern' in one ? [one.name, one.pattern] : [one.name, one.command, one.folder ?? null],
  );
  const again = settings.again === undefined ? [] : [settings.again];
  return `${rulesVersion} ${JSON.stringify([settings.refusals, own, ...again])}`;
}

/** The own kinds that programs judge. */
export function ownPrograms({ own }: KindSettings): OwnProgram[] {
  return own.flatMap((one) => ('command' in one ? [one] : []));
}

/** What a program said of the answers of a comparison, by the left sample's key in rising order. */
export interface ProgramFindings {
  readonly name: string;
  readonly sampleKeys: Int32Array;
  /** Bit 0: of the old answer, bit 1: of the new one. */
  readonly holds: Uint8Array;
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
      'Write {"refusals": null or a list of patterns, "own": [{"name": "hedges", "pattern": "\\\\bperhaps\\\\b"}, {"name": "rude", "command": ["python", "rude.py"]}]}; names are small letters, digits and hyphens.',
    place: { field: 'kinds' },
  });
}
