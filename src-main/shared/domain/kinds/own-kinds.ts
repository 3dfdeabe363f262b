import { WorkbenchError } from '../errors.ts';
import type { Span } from './change-kinds.ts';
import type { KindRules } from './classify.ts';
import type { KindSettings, OwnProgram } from './own-kinds-schema.ts';
import { refusalTest } from './refusal.ts';

/** A kind that a person defined: answers in which a pattern is found. Of a program’s, nothing is found here: see `ProgramFindings`. */
export interface OwnKind {
  readonly name: string;
  find(text: string): Span | null;
}

export type { KindSettings, OwnProgram };
export const defaultKindSettings: KindSettings = { refusals: null, own: [] };
/** The setting's key in the workspace. */
export const kindSettingsKey = 'kinds';

/** Grows whenever a rule changes, so that kinds that were counted by older rules are counted again. */
export const rulesVersion = 4;
const ownCharacters = 20_000;

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

export function compiled(source: string): RegExp {
  if (nestedRepeat.test(source)) throw wrong(`the pattern “${source}” repeats a group that repeats`);
  try {
    return new RegExp(source, 'iu');
  } catch {
    throw wrong(`“${source}” is not a regular expression`);
  }
}

export function wrong(why: string): WorkbenchError {
  return new WorkbenchError('bad-input', `The setting “kinds” cannot be used: ${why}.`, {
    remedy:
      'Write {"refusals": null or a list of patterns, "own": [{"name": "hedges", "pattern": "\\\\bperhaps\\\\b"}, {"name": "rude", "command": ["python", "rude.py"]}]}; names are small letters, digits and hyphens.',
    place: { field: 'kinds' },
  });
}
