import { reportOf } from '../../../shared/domain/errors.ts';
import { connectToHost } from '../../connect/connect.ts';
import { onEnter, openBrowser } from '../../serve/open-browser.ts';
import type { CommandContext } from '../context.ts';
import { plain } from '../terminal.ts';

export interface ConnectFlags {
  program?: string;
  remoteWorkspace?: string;
  port?: number;
  open?: boolean;
}

/** Another machine's workbench at a port of this one, until Ctrl-C; what runs there continues. */
export async function connectCommand(context: CommandContext, host: string, flags: ConnectFlags): Promise<void> {
  const { terminal, task } = context;
  const stop = new AbortController();
  const ended = Promise.withResolvers<void>();
  context.onInterrupt(() => {
    stop.abort();
    ended.resolve();
  });
  task.progress(`asking ${host}`, null);
  const show = (address: string) => {
    terminal.document({ address, host });
    terminal.print(`FlipGuard Workbench at ${host}: ${address}`);
  };
  const request = {
    host,
    program: flags.program ?? null,
    workspace: flags.remoteWorkspace ?? null,
    port: flags.port,
  };
  const connection = await connectToHost(
    request,
    {
      onLost: (why, seconds) =>
        terminal.note(
          plain(`The connection to ${host} is gone (${why || 'ssh gave no reason'}); again in ${seconds} s.`),
        ),
      onBack: () => terminal.note(`Connected to ${host} again.`),
      onAddress(address) {
        terminal.note(`Connected to ${host} again; its server is another one, and pages have to be reloaded.`);
        show(address);
      },
    },
    stop.signal,
  );
  terminal.settle();
  show(connection.address);
  terminal.note(
    plain(`Workspace ${connection.workspace} at ${host}. The address opens one browser, on this machine only.`),
  );
  terminal.note('Enter shows an address for another browser. Ctrl-C leaves; what runs there continues.');
  const forget = flags.open === true ? await openBrowser(connection.address) : () => Promise.resolve();
  const stopAsking = onEnter(() => {
    connection.newAddress().then(show, (error: unknown) => terminal.note(plain(reportOf(error).message)));
  });
  await ended.promise;
  stopAsking();
  await forget();
  await connection.close();
}
