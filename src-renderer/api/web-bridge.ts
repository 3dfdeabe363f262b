import type { Result } from '@shared/domain/errors.ts';
import type { WorkbenchEvent } from '@shared/contract/events.ts';
import type { ConnectionState, ShellBridge } from './connection.ts';

type Answer = { id: number; result: Result<unknown> } | { event: WorkbenchEvent };

/** The part of a WebSocket that the bridge uses; tests pass one that never touches a network. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
}

const firstRetryMs = 250;
const longestRetryMs = 5000;

/**
 * The web shell's bridge: one WebSocket to the origin that served the page; the session cookie it set vouches for us.
 * Requests made while there is no connection wait for the next one. Those under way when it breaks are answered with
 * `unavailable`: whether they took effect is not known, so nothing is sent twice.
 */
export class WebBridge implements ShellBridge {
  readonly shell = 'web';
  private socket: Socket | null = null;
  private state: ConnectionState = 'connecting';
  private nextId = 1;
  private retryMs = firstRetryMs;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private readonly waiting: string[] = [];
  private readonly pending = new Map<number, (result: Result<unknown>) => void>();
  private readonly sent = new Set<number>();
  private readonly listeners = new Set<(event: WorkbenchEvent) => void>();
  private readonly connectionListeners = new Set<(state: ConnectionState) => void>();
  private readonly openSocket: () => Socket;
  private readonly isRefused: () => Promise<boolean>;

  constructor(openSocket: () => Socket = openSameOriginSocket, isRefused = isSessionRefused) {
    this.openSocket = openSocket;
    this.isRefused = isRefused;
    this.connect();
  }

  invoke(channel: string, input: unknown): Promise<unknown> {
    const id = this.nextId++;
    const text = JSON.stringify({ id, channel, input });
    return new Promise((resolve) => {
      this.pending.set(id, resolve);
      if (this.socket !== null && this.state === 'open') this.transmit(this.socket, id, text);
      else this.waiting.push(text);
    });
  }

  subscribe(listener: (event: WorkbenchEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.connectionListeners.add(listener);
    listener(this.state);
    return () => this.connectionListeners.delete(listener);
  }

  reconnect(): void {
    if (this.socket !== null) return;
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.connect();
  }

  private connect(): void {
    this.retryTimer = null;
    const socket = this.openSocket();
    this.socket = socket;
    socket.onopen = () => this.opened(socket);
    socket.onmessage = ({ data }) => this.received(String(data));
    socket.onclose = () => this.closed(socket);
  }

  private opened(socket: Socket): void {
    this.retryMs = firstRetryMs;
    for (const text of this.waiting.splice(0)) {
      const { id } = JSON.parse(text) as { id: number };
      this.transmit(socket, id, text);
    }
    this.setState('open');
  }

  private transmit(socket: Socket, id: number, text: string): void {
    this.sent.add(id);
    socket.send(text);
  }

  private received(text: string): void {
    const answer = JSON.parse(text) as Answer;
    if ('event' in answer) {
      for (const listener of this.listeners) listener(answer.event);
      return;
    }
    this.settle(answer.id, answer.result);
  }

  private settle(id: number, result: Result<unknown>): void {
    const resolve = this.pending.get(id);
    this.pending.delete(id);
    this.sent.delete(id);
    resolve?.(result);
  }

  private closed(socket: Socket): void {
    if (socket !== this.socket) return;
    const wasOpen = this.state === 'open';
    this.socket = null;
    for (const id of [...this.sent]) this.settle(id, lostResult());
    if (this.state !== 'refused') this.setState('lost');
    // A WebSocket does not tell why it was refused; a request does.
    // Where that fails as well, nothing is known but that the connection is lost.
    if (!wasOpen) this.findReason().catch(() => undefined);
    this.retryTimer = setTimeout(() => this.connect(), this.retryMs);
    this.retryMs = Math.min(this.retryMs * 2, longestRetryMs);
  }

  private async findReason(): Promise<void> {
    const refused = await this.isRefused();
    if (this.state !== 'open') this.setState(refused ? 'refused' : 'lost');
  }

  private setState(state: ConnectionState): void {
    if (state === this.state) return;
    this.state = state;
    for (const listener of this.connectionListeners) listener(state);
  }
}

function lostResult(): Result<unknown> {
  return {
    ok: false,
    error: {
      code: 'unavailable',
      message: 'The connection to the workbench broke before it answered.',
      remedy: 'It reconnects automatically; repeat the action once the status bar says “connected”.',
    },
  };
}

/** Whether the server answers, and does not know this browser: every start of the workbench makes a new session. */
async function isSessionRefused(): Promise<boolean> {
  const answer = await fetch('/', { method: 'HEAD', cache: 'no-store' }).catch(() => null);
  return answer?.status === 401;
}

function openSameOriginSocket(): Socket {
  const url = new URL('/ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  // The DOM's handlers take wider events; only the members of `Socket` are used.
  return new WebSocket(url) as unknown as Socket;
}
