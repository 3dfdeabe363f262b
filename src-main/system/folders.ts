import { mkdirSync, statSync } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a folder and those above it; one that is there is left as it is. Node's own `recursive` tries for ever where a parent exists
 * but a new entry does not become one, as under /proc.
 * @throws the system's error about the topmost folder that could not be made
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  if (await isFolder(folder)) return;
  const parent = path.dirname(folder);
  if (!(await isThere(parent))) await makeFolder(parent, mode);
  try {
    await mkdir(folder, mode);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!(await isFolder(folder))) throw error;
  }
}

export function makeFolderSync(folder: string, mode?: number): void {
  if (isFolderSync(folder)) return;
  const parent = path.dirname(folder);
  if (!isThereSync(parent)) makeFolderSync(parent, mode);
  try {
    mkdirSync(folder, mode);
  } catch (error) {
    if (!isFolderSync(folder)) throw error;
  }
}

/** Whatever it is: a file in the place of a folder is for the system to refuse. */
function isThere(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

function isThereSync(place: string): boolean {
  try {
    statSync(place);
    return true;
  } catch {
    return false;
  }
}

function isFolder(place: string): Promise<boolean> {
  return stat(place).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function isFolderSync(place: string): boolean {
  try {
    return statSync(place).isDirectory();
  } catch {
    return false;
  }
}
