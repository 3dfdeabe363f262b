import { WorkbenchError } from './errors.ts';

declare const kindOfId: unique symbol;

/** What has an id of its own in a workspace. */
export type IdKind =
  | 'model'
  | 'dataset'
  | 'suite'
  | 'run'
  | 'sweep'
  | 'checkpoint'
  | 'evaluation'
  | 'comparison'
  | 'guard set'
  | 'report'
  | 'study'
  | 'import'
  | 'filter';

/** The id of one kind of thing. The brand is a type only: an id of a run does not pass for the id of a report. */
export type Id<Kind extends IdKind> = string & { readonly [kindOfId]: Kind };

/** A record as it is given to the store, which checks its references: an id may still be plain text. */
export type WithPlainIds<Given> = {
  [Key in keyof Given]: NonNullable<Given[Key]> extends Id<IdKind>
    ? string | Extract<Given[Key], null | undefined>
    : Given[Key];
};

/** Letters, digits, `-` and `_`, at most 100: an id is also the name of a folder, so it never leads out of one. */
export const idPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

/**
 * A text that is an id, checked where it comes from outside the program: a row of a database that other programs write too, or
 * a file. Throws `corrupt`.
 */
export function idOf<Kind extends IdKind>(kind: Kind, text: string): Id<Kind> {
  if (!idPattern.test(text)) {
    throw new WorkbenchError('corrupt', `The workspace holds a ${kind} whose id ${quoted(text)} is not valid.`, {
      remedy:
        'Ids consist of letters, digits, “-” and “_”. Another program wrote this one; do not use the workspace if you do not know where it comes from.',
    });
  }
  return text as Id<Kind>;
}

/** As `idOf`, for a reference that may be empty. */
export function idOrNull<Kind extends IdKind>(kind: Kind, text: string | null): Id<Kind> | null {
  return text === null ? null : idOf(kind, text);
}

function quoted(text: string): string {
  return `“${text.length > 80 ? `${text.slice(0, 80)}…` : text}”`;
}
