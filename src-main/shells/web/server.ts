import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sirv from 'sirv';
import { WebSocketServer } from 'ws';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import { createAccess } from './access.ts';
import type { Access } from './access.ts';
import { answerText, receiveUpload, sendDownload } from './routes.ts';
import { securityHeaders } from './security-headers.ts';
import { maxMessageBytes, serveSocket } from './socket.ts';

export interface WebShell {
  /** With the token: opening it once gives the browser its session. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface WebShellOptions {
  /** 0 or nothing: any free port. */
  port?: number;
  /** Folder of the built interface; null answers with a sentence instead of a page. */
  rendererFolder: string | null;
}

type ShellWorkbench = Pick<Workbench, 'handle' | 'subscribe' | 'files'>;

/** The workbench in a browser: the same renderer over a WebSocket, on this machine only. */
export async function serveWeb(workbench: ShellWorkbench, options: WebShellOptions): Promise<WebShell> {
  const access = createAccess();
  const pages = options.rendererFolder === null ? null : sirv(options.rendererFolder, { etag: true });
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(securityHeaders(request.headers.host ?? '')))
      response.setHeader(name, value);
    void route(request, response).catch((error: unknown) => {
      console.error(error);
      if (!response.headersSent) answerText(response, 500, 'Something went wrong.');
    });
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = readUrl(request);
    if (url === null || !access.isLocal(request)) return answerText(response, 403, 'This address is not served here.');
    if (url.pathname === '/' && url.searchParams.has('token')) return admit(access, url, request, response);
    if (!access.hasSession(request))
      return answerText(response, 401, 'Open the address that the terminal shows: it carries the token.');
    if (request.method === 'POST' && url.pathname === '/upload')
      return receiveUpload(workbench.files, url, request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return answerText(response, 405, 'Not here.');
    const handle = /^\/download\/([\w-]+)$/.exec(url.pathname)?.[1];
    if (handle !== undefined) return sendDownload(workbench.files, handle, response);
    if (pages === null)
      return answerText(
        response,
        503,
        'The interface has not been built: npm start builds it, or npx electron-vite build.',
      );
    pages(request, response, () => answerText(response, 404, 'There is no such page.'));
  }

  // An upload through a slow tunnel takes as long as it takes; headers still have to come at once.
  server.requestTimeout = 0;
  const sockets = acceptSockets(server, access, workbench);
  await listen(server, options.port ?? 0);
  // The server listens on TCP, so its address is an object.
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/?token=${access.token}`,
    port,
    async close() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Token for cookie, then on to an address without it: no history and no referrer keeps the token. */
function admit(access: Access, url: URL, request: IncomingMessage, response: ServerResponse): void {
  if (!access.acceptsToken(url.searchParams.get('token'))) {
    return answerText(response, 401, 'This token is not valid: every start of the workbench makes a new one.');
  }
  response
    .writeHead(303, { Location: '/', 'Set-Cookie': access.sessionCookie(request), 'Cache-Control': 'no-store' })
    .end();
}

function acceptSockets(server: Server, access: Access, workbench: ShellWorkbench): WebSocketServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  server.on('upgrade', (request, socket, head) => {
    const url = readUrl(request);
    // Unlike fetch, WebSocket requests of other sites carry an Origin and no preflight: a missing one is no browser's.
    const allowed = url?.pathname === '/ws' && request.headers.origin !== undefined && access.isLocal(request);
    if (!allowed || !access.hasSession(request)) {
      socket.end(`HTTP/1.1 ${allowed ? '401 Unauthorized' : '403 Forbidden'}\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => serveSocket(client, workbench));
  });
  return sockets;
}

function readUrl(request: IncomingMessage): URL | null {
  return URL.canParse(request.url ?? '', 'http://localhost') ? new URL(request.url ?? '', 'http://localhost') : null;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const options = taken ? { remedy: 'Choose another with --port, or leave it out for a free one.' } : {};
      reject(new WorkbenchError(taken ? 'conflict' : 'io', taken ? `Port ${port} is taken.` : error.message, options));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
