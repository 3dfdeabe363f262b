import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rendererFolder } from '../../renderer-folder.ts';
import { serveWeb } from '../../web/server.ts';
import type { CommandContext } from '../context.ts';

/** The web shell, until Ctrl-C. */
export async function serveCommand(context: CommandContext, options: { port?: number; open?: boolean }): Promise<void> {
  const { terminal } = context;
  const stopped = new Promise<void>((resolve) => context.onInterrupt(resolve));
  const workbench = await context.workbench();
  const folder = rendererFolder();
  const shell = await serveWeb(workbench, {
    rendererFolder: folder,
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  const { address } = shell;
  terminal.document({ address, port: shell.port, workspace: context.folder });
  terminal.print(`FlipGuard Workbench: ${address}`);
  terminal.note(
    `Workspace ${context.folder}. The address is for this machine only and opens one browser; Enter shows one for another. Over ssh: ssh -L ${shell.port}:127.0.0.1:${shell.port} HOST. Ctrl-C ends it.`,
  );
  if (folder === null)
    terminal.note('The interface has not been built yet: npm start does it, or npx electron-vite build.');
  const forget = options.open === true ? await openBrowser(shell.address) : () => Promise.resolve();
  const stopAsking = onEnter(() => terminal.print(`FlipGuard Workbench: ${shell.address}`));
  await stopped;
  stopAsking();
  await forget();
  await shell.close();
}

/** Somebody at a terminal who presses Enter. */
function onEnter(then: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  stdin.on('data', then).resume();
  return () => stdin.off('data', then).pause();
}

/**
 * Best effort: the address is on the terminal anyway. Arguments of a program can be read by every user of the machine, so
 * the browser is given a private file that leads on to the address. Answers what removes it.
 */
async function openBrowser(address: string): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'flipguard-open-'));
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
