import path from 'node:path';
import { z } from 'zod';
import type { Store } from '../../store/api.ts';
import { snapshotPlace } from '../hub/cached-models.ts';
import type { Files } from '../workspace/files.ts';

const settingKey = 'imports.recentFolders';
const kept = 6;
const stored = z.array(z.string());

/** Folders that somebody imported from, the latest first, as handles. What is gone or hidden by now is left out. */
export async function recentFolders(store: Store, files: Files): Promise<{ handle: string; label: string }[]> {
  const found: { handle: string; label: string }[] = [];
  for (const folder of await read(store)) {
    // A setting can be written by a window: what it names is looked at like a typed path.
    const place = await files.find(folder).catch(() => null);
    if (place?.kind === 'folder') found.push({ handle: place.handle, label: files.labelOf(folder) });
  }
  return found;
}

/** Notes where an import came from; uploads are nobody's folder, and the Hub's cache is offered by names. */
export async function noteFolder(store: Store, files: Files, source: string): Promise<void> {
  if (files.isUpload(source) || snapshotPlace(source) !== null) return;
  const folder = path.dirname(path.resolve(source));
  const others = (await read(store)).filter((other) => other !== folder);
  await store.setSetting(settingKey, JSON.stringify([folder, ...others].slice(0, kept)));
}

async function read(store: Store): Promise<string[]> {
  const text = await store.getSetting(settingKey);
  if (text === null) return [];
  try {
    const parsed = stored.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data.slice(0, kept) : [];
  } catch {
    return [];
  }
}
