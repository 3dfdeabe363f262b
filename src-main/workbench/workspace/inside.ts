import { lstatSync, realpathSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';

/**
 * The one way from a stored value (an id, a name, a relative path) to a place on disk: `parts` below `root`, which has to be
 * strictly inside it by name and by real path. Workspaces come from other people too, so a row that says `../../thesis`, a
 * folder that is a link and a link that leads nowhere are refused before anything is read, written or removed there.
 * @throws WorkbenchError `corrupt`
 */
export function inside(root: string, ...parts: readonly string[]): string {
  for (const part of parts) if (!part.split(/[\\/]/).every(isPlainName)) throw outside(part, root);
  const place = path.join(root, ...parts);
  const home = realPlace(root);
  if (parts.length === 0 || !realPlace(place).startsWith(endedBySeparator(home))) throw outside(parts.join('/'), root);
  return place;
}

/** Removes what `inside` allows. A link in there is removed as a link; what it points at stays. */
export async function removeInside(root: string, ...parts: readonly string[]): Promise<void> {
  await rm(inside(root, ...parts), { recursive: true, force: true });
}

/**
 * Refuses a folder of ours that holds a link anywhere: programs that are handed the folder (the trainer) would read or write
 * where it points.
 */
export async function refuseLinksIn(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const link = entries.find((entry) => entry.isSymbolicLink());
  if (link !== undefined) throw outside(path.join(link.parentPath, link.name), folder);
}

/** Whether a value can be one part of a path: it names something, and it names it here. */
function isPlainName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && !/^[a-z]:/i.test(name);
}

/** The real path of a place, whose last parts need not exist yet. */
function realPlace(place: string): string {
  try {
    return realpathSync(place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw unreadable(place, error);
    // What is written through a link that leads nowhere is made where it points.
    if (isLink(place)) throw outside(place, path.dirname(place));
    return path.join(realPlace(path.dirname(place)), path.basename(place));
  }
}

function isLink(place: string): boolean {
  return lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function endedBySeparator(folder: string): string {
  return folder.endsWith(path.sep) ? folder : folder + path.sep;
}

function outside(named: string, root: string): WorkbenchError {
  return new WorkbenchError(
    'corrupt',
    `The workspace names a place outside itself: “${named}” is not inside ${root}.`,
    {
      remedy: 'It was edited by hand or is malicious. Nothing outside was touched; ask for a fresh export.',
      place: { file: root },
    },
  );
}

function unreadable(place: string, cause: unknown): WorkbenchError {
  return new WorkbenchError('io', `${place} cannot be examined: ${(cause as Error).message}.`, {
    place: { file: place },
    cause,
  });
}
