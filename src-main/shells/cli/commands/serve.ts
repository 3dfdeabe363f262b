import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { rendererFolder } from '../../renderer-folder.ts';
import { detachedFlag, startDetached, untilGone } from '../../serve/detach.ts';
import { onEnter, openBrowser } from '../../serve/open-browser.ts';
import { addressOf, askToEnd, findServed, servedFiles, takePlace } from '../../serve/served.ts';
import type { Served, ServedPlace } from '../../serve/served.ts';
import { serveWeb } from '../../web/server.ts';
import type { CommandContext } from '../context.ts';
import { plain } from '../terminal.ts';

export interface ServeFlags {
  port?: number;
  open?: boolean;
  detach?: boolean;
  stop?: boolean;
}

/** The web shell: until Ctrl-C, or with `--detach` until `--stop`. */
export async function serveCommand(context: CommandContext, flags: ServeFlags): Promise<void> {
  if (flags.stop === true && (flags.detach === true || flags.open === true || flags.port !== undefined)) {
    throw new WorkbenchError('bad-input', '--stop goes alone.', { remedy: 'Leave the other options out.' });
  }
  if (flags.stop === true) return stop(context);
  return flags.detach === true ? detach(context, flags) : serve(context, flags);
}

async function serve(context: CommandContext, { port, open }: ServeFlags): Promise<void> {
  const { terminal, folder: workspace } = context;
  const ended = Promise.withResolvers<void>();
  context.onInterrupt(ended.resolve);
  const workbench = await context.workbench();
  const log = process.env[detachedFlag] ?? null;
  const place = await placeOf(workspace, log !== null);
  const folder = rendererFolder();
  try {
    const shell = await serveWeb(workbench, {
      rendererFolder: folder,
      ...(port === undefined ? {} : { port }),
      ...(place === null ? {} : { control: { key: place.key, stop: ended.resolve } }),
    });
    await place?.announce(shell.port, log);
    // A token in a log would outlive its use: who wants one asks for it.
    if (log !== null) terminal.note(`${new Date().toISOString()} Serving ${workspace} at port ${shell.port}.`);
    else tellAddress(context, shell);
    if (folder === null)
      terminal.note('The interface has not been built yet: npm start does it, or npx electron-vite build.');
    const forget = open === true && log === null ? await openBrowser(shell.address) : () => Promise.resolve();
    const stopAsking = onEnter(() => terminal.print(`FlipGuard Workbench: ${shell.address}`));
    await ended.promise;
    stopAsking();
    await forget();
    await shell.close();
    if (log !== null) terminal.note(`${new Date().toISOString()} Asked to end.`);
  } finally {
    // The workbench closes after this, and its runs save checkpoints: `--stop` waits for the process, not for the place.
    await place?.leave();
  }
}

/** A second one at a terminal is welcome; it is just not the one that is found. */
async function placeOf(workspace: string, detached: boolean): Promise<ServedPlace | null> {
  const place = await takePlace(workspace).catch((error: unknown) => {
    // A workspace that cannot be written to can still be looked at.
    if (detached) throw error;
    return null;
  });
  if (place === null && detached) throw new WorkbenchError('conflict', 'Another server has this workspace already.');
  return place;
}

function tellAddress({ terminal, folder }: CommandContext, shell: { address: string; port: number }): void {
  const { address } = shell;
  terminal.document({ address, port: shell.port, workspace: folder });
  terminal.print(`FlipGuard Workbench: ${address}`);
  terminal.note(
    `Workspace ${folder}. The address is for this machine only and opens one browser; Enter shows one for another. From another machine: flipguard connect HOST. Ctrl-C ends it.`,
  );
}

async function detach(context: CommandContext, { open, port }: ServeFlags): Promise<void> {
  const { terminal, folder, task } = context;
  const found = await settled(context);
  const served = found ?? (await startDetached(folder, wordsOfChild(), task));
  const address = await addressOf(served);
  terminal.settle();
  const { pid, version, log } = served;
  terminal.document({ address, port: served.port, pid, version, log, workspace: folder, started: found === null });
  terminal.print(`FlipGuard Workbench: ${address}`);
  const where = log === null ? 'It was started at a terminal.' : `Its log is ${log}.`;
  const already = found === null ? '' : 'It was running already. ';
  terminal.note(
    plain(
      `${already}Process ${pid} serves ${folder}. ${where} flipguard serve --stop ends it; --detach shows another address.`,
    ),
  );
  if (found !== null && port !== undefined && port !== served.port)
    terminal.note(`It listens at port ${served.port}; another needs --stop first.`);
  if (open === true) await openBrowser(address);
}

async function stop(context: CommandContext): Promise<void> {
  const { terminal, folder, task } = context;
  const served = await settled(context);
  if (served !== null) {
    await askToEnd(served);
    await untilGone(served, task);
  }
  terminal.settle();
  terminal.document({ stopped: served !== null, pid: served?.pid ?? null, workspace: folder });
  terminal.print(served === null ? `Nothing serves ${plain(folder)}.` : `Process ${served.pid} has ended.`);
}

const listensWithinMs = 60_000;

/** The server there is, once it listens; null where there is none. */
async function settled({ folder, task }: CommandContext): Promise<Served | null> {
  const deadline = Date.now() + listensWithinMs;
  for (;;) {
    const found = await findServed(folder);
    if (found !== 'starting') return found;
    if (Date.now() > deadline) {
      throw new WorkbenchError('unavailable', `A server of ${folder} was started but is not listening.`, {
        remedy: `End the process that ${servedFiles(folder).lock} names, and try again.`,
      });
    }
    if (task.signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** How this program was started, but for what concerns this command alone. */
function wordsOfChild(): string[] {
  return process.argv.slice(1).filter((word) => !['--detach', '--open', '--json'].includes(word));
}
