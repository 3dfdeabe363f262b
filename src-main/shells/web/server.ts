import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import sirv from 'sirv';
import { WebSocketServer } from 'ws';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Workbench } from '../../workbench/workbench.ts';
import { noteDefect } from '../defects.ts';
import { createAccess } from './access.ts';
import type { Access } from './access.ts';
import { Pace } from '../pace.ts';
import { answerControl } from './control.ts';
import type { Control } from './control.ts';
import { answerText, receiveUpload, refuse, sendDownload } from './routes.ts';
import { securityHeaders } from './security-headers.ts';
import { maxMessageBytes, serveSocket } from './socket.ts';

export interface WebShell {
  /** With a token of its own each time it is read: opening it once gives a browser its session. */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface WebShellOptions {
  /** 0 or nothing: any free port. */
  port?: number;
  /** Heard from other programs of this account; nobody is unless given. */
  control?: Control;
  /** Folder of the built interface; null replies with a sentence instead of a page. */
  rendererFolder: string | null;
}

type ShellWorkbench = Pick<Workbench, 'handle' | 'subscribe' | 'files'>;

/** Far more than the windows of a person need, and less than the descriptors a process may have. */
const maxConnections = 800;
const maxWindows = 256;
/** A page and its parts, a few times over; a script that hammers is turned away without waiting for anything. */
const requestBurst = 1000;
const requestsPerSecond = 200;
const headersWithinMs = 15_000;
const keepAliveMs = 10_000;

/** The workbench in a browser: the same renderer over a WebSocket, on this machine only. */
export async function serveWeb(workbench: ShellWorkbench, options: WebShellOptions): Promise<WebShell> {
  const access = createAccess();
  const pace = new Pace(requestBurst, requestsPerSecond);
  const pages = options.rendererFolder === null ? null : sirv(options.rendererFolder, { etag: true });

  function answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(securityHeaders(request.headers.host ?? '')))
      response.setHeader(name, value);
    route(request, response).catch((error: unknown) => {
      noteDefect('web request', error);
      if (response.headersSent) response.destroy();
      else refuse(request, response, 500, 'Something went wrong.');
    });
  }

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = readUrl(request);
    if (url === null || !access.isLocal(request))
      return refuse(request, response, 403, 'This address is not served here.');
    if (!pace.take()) return refuse(request, response, 429, 'Too many requests at once: wait a moment.');
    const { control } = options;
    if (control !== undefined && answerControl(control, newAddress, request, response)) return;
    const opens = request.method === 'GET' && url.pathname === '/' && url.searchParams.has('token');
    if (opens) return admit(access, url, request, response);
    if (!access.hasSession(request))
      return refuse(request, response, 401, 'Open the address that the terminal shows: it carries the token.');
    if (request.method === 'POST' && url.pathname === '/upload')
      return receiveUpload(workbench.files, url, request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(request, response, 405, 'Not here.');
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

  const server = createServer(answer);
  server.maxConnections = maxConnections;
  server.headersTimeout = headersWithinMs;
  server.keepAliveTimeout = keepAliveMs;
  // An upload through a slow tunnel takes as long as it takes; one that stands still is ended where it is received.
  server.requestTimeout = 0;
  // Whoever asks before sending a body hears a refusal instead of “100 Continue”.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (access.isLocal(request) && access.hasSession(request)) response.writeContinue();
    answer(request, response);
  });
  const sockets = acceptSockets(server, access, workbench);
  await listen(server, options.port ?? 0);
  // The server listens on TCP, so its address is an object.
  const { port } = server.address() as AddressInfo;
  function newAddress(): string {
    return `http://127.0.0.1:${port}/?token=${access.newToken()}`;
  }
  return {
    get address() {
      return newAddress();
    },
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
    // The one who opened the address is often the one who opens it again.
    if (access.hasSession(request)) {
      response.writeHead(303, { Location: '/', 'Cache-Control': 'no-store' }).end();
      return;
    }
    const text =
      'This token is not valid: each opens one browser, once. Press Enter in the terminal for another address.';
    return refuse(request, response, 401, text);
  }
  const headers = { 'Set-Cookie': access.sessionCookie(request), 'Cache-Control': 'no-store' };
  if (request.headers['sec-fetch-site'] !== 'cross-site') {
    response.writeHead(303, { ...headers, Location: '/' }).end();
    return;
  }
  // Opened from a page elsewhere (the file that --open hands to the browser): a redirect would go without the new cookie.
  response
    .writeHead(200, { ...headers, 'Content-Type': 'text/html; charset=utf-8' })
    .end('<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>FlipGuard Workbench</title>');
}

function acceptSockets(server: Server, access: Access, workbench: ShellWorkbench): WebSocketServer {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // First of all: a reset from here on is this connection's end and nobody else's.
    socket.on('error', () => socket.destroy());
    const url = readUrl(request);
    // Unlike fetch, WebSocket requests of other sites carry an Origin and no preflight: a missing one is no browser's.
    const allowed = url?.pathname === '/ws' && request.headers.origin !== undefined && access.isLocal(request);
    if (!allowed) return turnAway(socket, '403 Forbidden');
    if (!access.hasSession(request)) return turnAway(socket, '401 Unauthorized');
    if (sockets.clients.size >= maxWindows) return turnAway(socket, '503 Service Unavailable');
    sockets.handleUpgrade(request, socket, head, (client) => serveSocket(client, workbench));
  });
  return sockets;
}

function turnAway(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`, () => socket.destroy());
}

function readUrl(request: IncomingMessage): URL | null {
  return URL.canParse(request.url ?? '', 'http://localhost') ? new URL(request.url ?? '', 'http://localhost') : null;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const options = taken ? { remedy: 'Choose another with --port, or leave it out for a free one.' } : {};
      const message = taken
        ? `Port ${port} is taken.`
        : error.code === 'EACCES'
          ? `Port ${port} may not be used by this account.`
          : `Port ${port} cannot be used: ${error.message}.`;
      reject(new WorkbenchError(taken ? 'conflict' : 'io', message, options));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
