import { BrowserWindow, session } from 'electron';
import type { Rectangle, Session } from 'electron';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Task } from '../../workbench/supervision/task.ts';
import { connectToHost } from '../connect/connect.ts';
import type { HostConnection } from '../connect/connect.ts';
import type { HostRequest } from '../connect/remote-workbench.ts';
import { allowHostAddress, isHostWindow } from './host-address.ts';
import { denyPermissions } from './security.ts';

/** The workbench of another machine in place of this one's window; when it is closed, this machine's comes back. */
export class HostWindows {
  #connection: HostConnection | null = null;
  readonly #abort = new AbortController();

  /** `task` ends with the first page: cancelling it ends the attempt, and nothing of a connection that is up. */
  async open(request: HostRequest, task: Task): Promise<void> {
    if (this.#connection !== null) {
      throw new WorkbenchError('conflict', 'The window is connected to another machine already.', {
        remedy: 'Close that window first; its runs continue.',
      });
    }
    task.progress('finding or starting the workbench there; the first time may take minutes', null);
    let window: BrowserWindow | null = null;
    const title = `FlipGuard Workbench at ${request.host}`;
    const retitle = (text: string) => {
      if (window?.isDestroyed() === false) window.setTitle(text);
    };
    let enter: (address: string) => Promise<void> = () => Promise.resolve();
    const connection = await connectToHost(
      request,
      {
        onLost: (_why, seconds) => retitle(`${title}: not connected, again in ${seconds} s`),
        onBack: () => retitle(title),
        onAddress(address) {
          enter(address).then(
            () => retitle(title),
            () => retitle(`${title}: its server is another one; close this window and connect again`),
          );
        },
      },
      AbortSignal.any([this.#abort.signal, task.signal]),
    );
    this.#connection = connection;
    task.progress('opening the window', null);
    try {
      const [here] = BrowserWindow.getAllWindows().filter((one) => !isHostWindow(one));
      const origin = `http://127.0.0.1:${connection.port}`;
      const own = ownSession(origin);
      const made = hostWindow(own, title, here?.getNormalBounds());
      window = made;
      allowHostAddress(made.webContents, origin);
      // The page keeps its own title otherwise, and two machines look alike.
      made.on('page-title-updated', (event) => event.preventDefault());
      made.on('closed', () => this.#left(connection, here));
      enter = async (address) => {
        await admit(own, address);
        await made.loadURL(`${origin}/`);
      };
      await enter(connection.address);
      made.show();
      here?.hide();
    } catch (error) {
      window?.destroy();
      this.#connection = null;
      await connection.close();
      throw error;
    }
  }

  #left(connection: HostConnection, here: BrowserWindow | undefined): void {
    this.#connection = null;
    if (here?.isDestroyed() === false) here.show();
    // ssh ends by itself when this fails: it reads from this program.
    connection.close().catch(() => {});
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#connection?.close();
  }
}

/** In memory, for one connection: it may ask for nothing and reach nothing but the forwarded port. */
function ownSession(origin: string): Session {
  const own = session.fromPartition(`host-${origin}`);
  denyPermissions(own);
  const socket = origin.replace(/^http/, 'ws');
  own.webRequest.onBeforeRequest((request, answer) => {
    const url = URL.canParse(request.url) ? new URL(request.url) : null;
    const isOwn = url !== null && (url.origin === origin || `${url.protocol}//${url.host}` === socket);
    answer({ cancel: !isOwn && !/^(blob|data|devtools):/.test(request.url) });
  });
  return own;
}

function hostWindow(own: Session, title: string, bounds: Rectangle | undefined): BrowserWindow {
  return new BrowserWindow({
    width: 1440,
    height: 900,
    ...bounds,
    minWidth: 1024,
    minHeight: 640,
    show: false,
    title,
    webPreferences: {
      session: own,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      backgroundThrottling: false,
    },
  });
}

/** The token is exchanged here and the page gets the session alone: its address never has a token in it. */
async function admit(own: Session, address: string): Promise<void> {
  const response = await fetch(address, { redirect: 'manual' });
  const [pair = ''] = (response.headers.get('set-cookie') ?? '').split(';');
  const at = pair.indexOf('=');
  if (at < 1)
    throw new WorkbenchError('unavailable', 'The workbench there did not take the token.', {
      remedy: 'Connect again.',
    });
  const { origin } = new URL(address);
  const cookie = { url: origin, name: pair.slice(0, at), value: pair.slice(at + 1) };
  await own.cookies.set({ ...cookie, httpOnly: true, sameSite: 'strict' });
}
