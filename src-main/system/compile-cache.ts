import { accessSync, constants } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolderSync } from './folders.ts';

/**
 * Lets Node keep compiled modules between starts, where there is a place for them. Asked to keep them in a folder that cannot
 * be made (a TMPDIR that does not exist), Node 24 never comes back from a worker thread, so the folder is made here first.
 */
export function useCompileCache(env: NodeJS.ProcessEnv = process.env): void {
  if (env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  const folder = env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache');
  try {
    makeFolderSync(folder);
    accessSync(folder, constants.W_OK);
  } catch {
    return;
  }
  enableCompileCache(folder);
}
