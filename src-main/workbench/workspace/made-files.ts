import { randomUUID } from 'node:crypto';
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Store } from '../../store/api.ts';
import type { MadeFile } from '../../store/queries/made-files.ts';
import { draftSuffix } from '../../system/drafts.ts';
import { inside, removeInside } from './inside.ts';
import type { WorkspaceLayout } from './workspace-layout.ts';
import { makeFolder } from '../../system/folders.ts';

/** Files that the workbench makes for somebody to take and that nothing refers to for long: uploads and exports. */
export interface MadeFiles {
  /** Makes a file in a folder of its own, which is listed first; nothing stays behind when `write` fails. */
  make(place: MadeFile['place'], name: string, write: (file: string) => Promise<void>): Promise<string>;
  /** Removes what `make` made, before its time. */
  discard(place: MadeFile['place'], file: string): Promise<void>;
  /** Removes what is listed and has been there for a week, of which seven days of use. Returns what was removed. */
  tidy(): Promise<string[]>;
}

/** Name of the folder for files that were handed over together. */
export const batchName = 'dropped';

const dayMs = 24 * 60 * 60 * 1000;
const keptDays = 7;

/** A folder that `make` made: the version and variant digits of a random UUID. */
const folderPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

type Fields = Pick<Store, 'listMadeFiles' | 'noteDayOfUse' | 'addMadeFile' | 'finishMadeFile' | 'forgetMadeFile'>;

export function createMadeFiles(
  { store, layout }: { store: Fields; layout: Pick<WorkspaceLayout, MadeFile['place']> },
  now: () => number = Date.now,
): MadeFiles {
  const today = (): Promise<number> => store.noteDayOfUse(Math.floor(now() / dayMs));

  /** By the clock and by days of use: neither a clock that jumps nor a workspace that is seldom opened loses this week's files. */
  function isOld({ createdAt, madeOn }: MadeFile, daysUsed: number): boolean {
    return daysUsed - madeOn >= keptDays && Math.abs(now() - createdAt) >= keptDays * dayMs;
  }

  return {
    async make(place, name, write) {
      const folder = randomUUID();
      const made = inside(layout[place], folder);
      await store.addMadeFile({ place, folder, name, createdAt: now(), madeOn: await today() });
      try {
        await makeFolder(made, 0o700);
        const file = inside(made, name);
        await write(file);
        const { size, mtimeMs } = await lstat(file);
        await store.finishMadeFile({ place, folder, sizeBytes: size, modifiedMs: Math.round(mtimeMs) });
        return file;
      } catch (error) {
        await rm(made, { recursive: true, force: true });
        // A store that cannot be written now finds the entry without a folder when it tidies.
        await store.forgetMadeFile(place, folder).catch(() => undefined);
        throw error;
      }
    },
    async discard(place, file) {
      const folder = path.basename(path.dirname(file));
      if (!folderPattern.test(folder) || path.resolve(layout[place], folder) !== path.dirname(file)) return;
      await removeInside(layout[place], folder);
      await store.forgetMadeFile(place, folder);
    },
    async tidy() {
      const daysUsed = await today();
      const removed: string[] = [];
      for (const file of (await store.listMadeFiles()).filter((one) => isOld(one, daysUsed))) {
        try {
          const gone = await removeMade(layout, file);
          if (gone !== null) removed.push(gone);
        } catch {
          // Still in use, or not permitted now: it stays on the list for another day.
          continue;
        }
        await store.forgetMadeFile(file.place, file.folder);
      }
      return removed;
    },
  };
}

/**
 * Removes a listed file, what was left of its making, and its folder if that is empty then. Rows come from other people's
 * workspaces too: a row that names something else, a link, and a file that was changed since leave the disk as it is.
 */
async function removeMade(layout: Pick<WorkspaceLayout, MadeFile['place']>, made: MadeFile): Promise<string | null> {
  const found = await locate(layout, made);
  if (found === null) return null;
  const { folder, file } = found;
  for (const name of await readdir(folder).catch((): string[] => [])) {
    if (name === made.name && (await isBatch(file, made))) await removeInside(folder, name);
    else if (name === made.name ? await isAsMade(file, made) : isDraftOf(name, made)) await rm(inside(folder, name));
  }
  // What else is there is somebody's, and stays with its folder.
  return rmdir(folder).then(
    () => file,
    () => null,
  );
}

/** Where a listed file is; null when the row names what the workbench never made, or it is gone. */
async function locate(
  layout: Pick<WorkspaceLayout, MadeFile['place']>,
  { place, folder, name }: MadeFile,
): Promise<{ folder: string; file: string } | null> {
  if ((place !== 'uploads' && place !== 'exports') || !folderPattern.test(folder) || /[\\/]/.test(name)) return null;
  try {
    const made = inside(layout[place], folder);
    if (!(await lstat(made)).isDirectory()) return null;
    return { folder: made, file: inside(made, name) };
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'corrupt') return null;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Files that were handed over together are in a folder of that name; nobody else writes there. */
async function isBatch(file: string, { place, name }: MadeFile): Promise<boolean> {
  return place === 'uploads' && name === batchName && (await lstat(file)).isDirectory();
}

async function isAsMade(file: string, { sizeBytes, modifiedMs }: MadeFile): Promise<boolean> {
  const found = await lstat(file);
  if (!found.isFile()) return false;
  return sizeBytes === null || (found.size === sizeBytes && Math.round(found.mtimeMs) === modifiedMs);
}

function isDraftOf(name: string, made: MadeFile): boolean {
  return name.startsWith(`${made.name}.`) && name.endsWith(draftSuffix);
}
