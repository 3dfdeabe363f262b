import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { Dependants, Thing, ThingMarks } from '../../../shared/domain/things.ts';
import { plural } from '../../../shared/presentation/words.ts';
import type { CommandContext } from '../context.ts';
import type { ThingFlags } from '../options/things.ts';
import { plain } from '../terminal.ts';

export async function renameCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  now: string,
  { kind }: ThingFlags,
): Promise<void> {
  const { things } = await workbench();
  const thing = await things.find(name, kind);
  const trimmed = now.trim();
  await things.rename(thing.kind, thing.id, trimmed);
  terminal.document({ ...thing, name: trimmed });
  terminal.print(`Renamed ${titled(thing)} to “${plain(trimmed)}”.`);
}

/** Says what hangs on a thing, and deletes it only when told to. */
export async function deleteCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  { kind, yes = false }: ThingFlags & { yes?: boolean },
): Promise<void> {
  const { things } = await workbench();
  const thing = await things.find(name, kind);
  const dependants = await things.dependants(thing.kind, thing.id);
  if (!yes) {
    throw new WorkbenchError('conflict', `This deletes ${titled(thing)}${withDependants(dependants)}.`, {
      remedy: 'Add --yes to delete it. This cannot be undone.',
    });
  }
  await things.delete(thing.kind, thing.id);
  terminal.document({ ...thing, dependants });
  terminal.print(`Deleted ${titled(thing)}${withDependants(dependants)}.`);
}

export async function noteCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  note: string,
  { kind }: ThingFlags,
): Promise<void> {
  const { things } = await workbench();
  const thing = await things.find(name, kind);
  await things.mark(thing.kind, thing.id, { note });
  terminal.document({ ...thing, note });
  terminal.print(note === '' ? `Removed the note on ${titled(thing)}.` : `Noted on ${titled(thing)}.`);
}

export async function tagCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  given: string[],
  { kind, remove = false }: ThingFlags & { remove?: boolean },
): Promise<void> {
  const { things } = await workbench();
  const thing = await things.find(name, kind);
  const changed = given.map((tag) => tag.replace(/^#/, '').trim()).filter((tag) => tag !== '');
  const before = marksOf(await things.marks(), thing)?.tags ?? [];
  const tags = remove ? before.filter((tag) => !changed.includes(tag)) : [...new Set([...before, ...changed])];
  await things.mark(thing.kind, thing.id, { tags });
  terminal.document({ ...thing, tags });
  const list = tags.map((tag) => `#${plain(tag)}`).join(' ');
  terminal.print(`Tags of ${titled(thing)}: ${list === '' ? 'none' : list}.`);
}

export async function archiveCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  { kind, undo = false }: ThingFlags & { undo?: boolean },
): Promise<void> {
  const { things } = await workbench();
  const thing = await things.find(name, kind);
  await things.mark(thing.kind, thing.id, { archived: !undo });
  terminal.document({ ...thing, archived: !undo });
  terminal.print(`${undo ? 'Brought back' : 'Archived'} ${titled(thing)}.`);
}

export function marksOf(marks: readonly ThingMarks[], { kind, id }: Pick<Thing, 'kind' | 'id'>) {
  return marks.find((one) => one.kind === kind && one.id === id);
}

function titled({ kind, name }: Thing): string {
  return `${kind.replace('-', ' ')} “${plain(name)}”`;
}

function withDependants({ deleted, kept }: Dependants): string {
  const gone = deleted.map(({ what, count }) => plural(count, what)).join(', ');
  const stays = kept.length === 0 ? '' : `; ${kept.join(' ').replace(/\.$/, '')}`;
  return `${gone === '' ? '' : ` with ${gone}`}${stays}`;
}
