import { WorkbenchError } from '../../shared/domain/errors.ts';

export interface Named {
  readonly id: string;
  readonly name: string;
}

/** The thing of an id that the program itself holds: not found means that somebody removed it meanwhile. */
export function existing<T extends object>(kind: string, thing: T | null, id: string): T {
  if (thing === null) throw new WorkbenchError('not-found', `The ${kind} ${id} is not there any more.`);
  return thing;
}

/**
 * What a person means by a name or an id: the id itself, else the one thing of that name, else the one whose id begins so
 * (eight characters or more). Two of the same name are an error that lists their ids.
 */
export function findByName<T extends Named>(kind: string, things: readonly T[], text: string): T {
  const byId = things.find((thing) => thing.id === text);
  if (byId !== undefined) return byId;
  const named = things.filter((thing) => thing.name === text);
  const found = named.length > 0 ? named : text.length >= 8 ? things.filter((thing) => thing.id.startsWith(text)) : [];
  if (found.length === 1 && found[0] !== undefined) return found[0];
  if (found.length > 1) throw ambiguous(kind, text, found);
  throw unknown(kind, things, text);
}

/** As `findByName`, but null when nothing has the name. */
export function findByNameOrNull<T extends Named>(kind: string, things: readonly T[], text: string): T | null {
  try {
    return findByName(kind, things, text);
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'not-found') return null;
    throw error;
  }
}

/** Line ends and other control characters, and marks that turn the direction of what follows: no name of a file or a list can show them. */
const unseen = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/**
 * Of a name that somebody types; one that comes with a file is taken as it is and shown harmlessly.
 * @throws WorkbenchError where nobody could read it or type it again.
 */
export function checkNewName(name: string): void {
  if (name.trim() === '' || name.length > 200) {
    throw new WorkbenchError('bad-input', 'A name has between 1 and 200 characters.', {
      remedy: 'Choose another name.',
      place: { field: 'name' },
    });
  }
  if (!unseen.test(name)) return;
  throw new WorkbenchError('bad-input', 'A name is one line, without control characters or marks of direction.', {
    remedy: 'Choose another name.',
    place: { field: 'name' },
  });
}

export function refuseTakenName(kind: string, things: readonly Named[], name: string): void {
  if (!things.some((thing) => thing.name === name)) return;
  throw new WorkbenchError('conflict', `There is already ${article(kind)} ${kind} named “${name}”.`, {
    remedy: 'Choose another name.',
    place: { field: 'name' },
  });
}

/** `name`, or `name 2`, `name 3` … when it is taken; of `name 2` comes `name 3`. */
export function freeName(things: readonly Pick<Named, 'name'>[], name: string): string {
  const taken = new Set(things.map((thing) => thing.name));
  if (!taken.has(name)) return name;
  const stem = name.replace(/ \d+$/, '');
  for (let n = 2; ; n += 1) if (!taken.has(`${stem} ${n}`)) return `${stem} ${n}`;
}

function ambiguous(kind: string, text: string, found: readonly Named[]): WorkbenchError {
  const ids = found.map((thing) => thing.id).join(', ');
  return new WorkbenchError('bad-input', `“${text}” names ${found.length} ${kind}s: ${ids}.`, {
    remedy: 'Give the id instead of the name.',
  });
}

function unknown(kind: string, things: readonly Named[], text: string): WorkbenchError {
  const names = things.slice(0, 12).map((thing) => thing.name);
  const known =
    names.length === 0
      ? `This workspace has no ${kind}s yet.`
      : `Known: ${names.join(', ')}${things.length > 12 ? ', …' : ''}.`;
  return new WorkbenchError('not-found', `There is no ${kind} “${text}”.`, { remedy: known });
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? 'an' : 'a';
}
