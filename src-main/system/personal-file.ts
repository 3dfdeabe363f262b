import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeWholeSync } from './whole-file.ts';
import { makeFolderSync } from './folders.ts';

/** A file of the person of this machine, in no workspace: what others put into a workspace decides nothing of it. */
export function personalFile(name: string, env: NodeJS.ProcessEnv = process.env): string {
  const home = env.XDG_CONFIG_HOME || path.join(os.homedir(), '.config');
  return path.join(home, 'flipguard', name);
}

export function writePersonalFile(file: string, value: unknown): void {
  makeFolderSync(path.dirname(file), 0o700);
  makeWholeSync(file, (draft) => writeFileSync(draft, JSON.stringify(value, null, 2), { mode: 0o600 }));
}
