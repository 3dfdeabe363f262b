import { spawn } from 'node:child_process';
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
  terminal.document({ address: shell.address, port: shell.port, workspace: context.folder });
  terminal.print(`FlipGuard Workbench: ${shell.address}`);
  terminal.note(
    `Workspace ${context.folder}. The address is for this machine only; over ssh: ssh -L ${shell.port}:127.0.0.1:${shell.port} HOST. Ctrl-C ends it.`,
  );
  if (folder === null)
    terminal.note('The interface has not been built yet: npm start does it, or npx electron-vite build.');
  if (options.open === true) openBrowser(shell.address);
  await stopped;
  await shell.close();
}

/** Best effort: the address is on the terminal anyway. */
function openBrowser(address: string): void {
  const [command, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(command ?? 'xdg-open', [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
