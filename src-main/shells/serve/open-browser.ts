import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeTemporaryFolder } from '../../system/temporary-folder.ts';

/**
 * Best effort: the address is on the terminal anyway. Arguments of a program can be read by every user of the machine, so
 * the browser is given a private file that leads on to the address. Answers what removes it.
 */
export async function openBrowser(address: string): Promise<() => Promise<void>> {
  const folder = await makeTemporaryFolder('flipguard-open-');
  const file = path.join(folder, 'open.html');
  const page = `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url=${address}"><title>FlipGuard Workbench</title>`;
  await writeFile(file, page, { mode: 0o600 });
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(command ?? 'xdg-open', [...args, pathToFileURL(file).href], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
  return () => rm(folder, { recursive: true, force: true });
}

/** Somebody at a terminal who presses Enter. Answers how to stop listening. */
export function onEnter(then: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  stdin.on('data', then).resume();
  return () => stdin.off('data', then).pause();
}
