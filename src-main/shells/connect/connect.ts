import { reportOf } from '../../shared/domain/errors.ts';
import { requireHost, serveThere } from './remote-workbench.ts';
import type { HostRequest, ServedThere } from './remote-workbench.ts';
import { freePort, openTunnel } from './tunnel.ts';
import type { Tunnel } from './tunnel.ts';

/** The workbench of another machine at a port of this one; reconnects automatically when the connection is cut. */
export interface HostConnection {
  readonly port: number;
  readonly workspace: string;
  /** Opens one browser, once. */
  readonly address: string;
  /** For another browser. */
  newAddress(): Promise<string>;
  /** Leaves what runs there as it is. */
  close(): Promise<void>;
}

export interface HostWatcher {
  /** The connection was cut, and is tried again in so many seconds. */
  onLost(why: string, againInSeconds: number): void;
  /** It is back. The server there is the same one: pages continue by themselves. */
  onBack(): void;
  /** It is back, and the server there is another one (the machine was restarted): pages need this address. */
  onAddress(address: string): void;
}

const longestRestSeconds = 30;

export async function connectToHost(
  request: HostRequest & { port?: number | undefined },
  watcher: HostWatcher,
  signal: AbortSignal,
): Promise<HostConnection> {
  requireHost(request.host);
  const abort = new AbortController();
  const stop = AbortSignal.any([signal, abort.signal]);
  const first = await serveThere(request, stop);
  // The same port for as long as it lasts: a page and its session belong to it.
  const port = request.port ?? (await freePort());
  const addressOf = ({ token }: ServedThere) => `http://127.0.0.1:${port}/?token=${token}`;
  const open = ({ port: remotePort }: ServedThere) =>
    openTunnel({ host: request.host, localPort: port, remotePort }, stop);
  const keeping = keep(await open(first), first);

  async function keep(firstTunnel: Tunnel, firstServed: ServedThere): Promise<void> {
    let tunnel = firstTunnel;
    let served = firstServed;
    for (;;) {
      const why = await tunnel.ended;
      if (stop.aborted) return;
      const back = await again(why);
      if (back === null) return;
      tunnel = back.tunnel;
      if (back.served.pid === served.pid && back.served.port === served.port) watcher.onBack();
      else watcher.onAddress(addressOf(back.served));
      served = back.served;
    }
  }

  /** Tries until it works; null when it was closed meanwhile. */
  async function again(firstWhy: string): Promise<{ tunnel: Tunnel; served: ServedThere } | null> {
    let why = firstWhy;
    for (let tries = 0; !stop.aborted; tries += 1) {
      const seconds = Math.min(longestRestSeconds, 2 ** tries);
      watcher.onLost(why, seconds);
      await rest(seconds * 1000, stop);
      try {
        const served = await serveThere(request, stop);
        return { tunnel: await open(served), served };
      } catch (error) {
        const { message, remedy } = reportOf(error);
        why = [message, remedy].filter((text) => text !== undefined).join(' ');
      }
    }
    return null;
  }

  return {
    port,
    workspace: first.workspace,
    address: addressOf(first),
    newAddress: async () => addressOf(await serveThere(request, stop)),
    async close() {
      abort.abort();
      await keeping;
    },
  };
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
