import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../../system/whole-file.ts';

const most = 10;
const schema = z.object({ folders: z.array(z.string().min(1).max(4096)).max(100) });

/** Folders of workspaces that were opened, newest first, without those that are gone. */
export async function readRecent(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return [];
  try {
    return schema.parse(JSON.parse(text)).folders.filter((folder) => path.isAbsolute(folder) && existsSync(folder));
  } catch {
    // A damaged list of recent folders is no reason not to start.
    return [];
  }
}

/** Puts a folder at the front; returns the list. */
export async function rememberRecent(file: string, folder: string): Promise<string[]> {
  const folders = [folder, ...(await readRecent(file)).filter((other) => other !== folder)].slice(0, most);
  await writeWhole(file, JSON.stringify({ folders }));
  return folders;
}
