import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * Who may talk to the server. It listens on loopback, but every page in the user's browser and every user of the machine
 * can reach loopback, so that alone says nothing:
 * - the Host must be a loopback name (else a rebound DNS name could speak as this origin);
 * - an Origin, where the browser sends one, must be this very origin, port included (cookies do not tell ports apart);
 * - the session cookie must be the one handed out in exchange for the token that only the terminal shows, once for each token.
 */
export interface Access {
  /** A new token for an address: good for one exchange, and only while no newer ones have crowded it out. */
  newToken(): string;
  /** Whether the request's Host and Origin are this server's own. */
  isLocal(request: IncomingMessage): boolean;
  hasSession(request: IncomingMessage): boolean;
  acceptsToken(token: string | null): boolean;
  /** The header that gives a browser its session; the browser keeps it from scripts and from other sites. */
  sessionCookie(request: IncomingMessage): string;
}

/** Addresses that were shown and not opened yet. */
const keptTokens = 16;
const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]']);

export function createAccess(): Access {
  const tokens = new Set<string>();
  const session = randomBytes(32).toString('base64url');
  return {
    newToken() {
      const token = randomBytes(32).toString('base64url');
      tokens.add(token);
      for (const oldest of tokens) if (tokens.size > keptTokens) tokens.delete(oldest);
      return token;
    },
    isLocal(request) {
      const host = request.headers.host ?? '';
      if (!loopbackNames.has(hostName(host))) return false;
      const { origin } = request.headers;
      return origin === undefined || origin === `http://${host}`;
    },
    hasSession: (request) => readCookies(request, cookieName(request)).some((value) => isSame(value, session)),
    acceptsToken(given) {
      for (const token of tokens) if (isSame(given, token)) return tokens.delete(token);
      return false;
    },
    sessionCookie: (request) => `${cookieName(request)}=${session}; HttpOnly; SameSite=Strict; Path=/`,
  };
}

/** A forwarded port (ssh -L) may differ from the one listened on, so only the name is compared. */
function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

/** Two workbenches on two ports share a browser's cookie jar; the port in the name keeps them apart. */
function cookieName(request: IncomingMessage): string {
  const port = /:(\d+)$/.exec(request.headers.host ?? '')?.[1] ?? '80';
  return `flipguard-${port}`;
}

/** All of that name: a page on another port of this machine can set one too, and the browser may send it first. */
function readCookies(request: IncomingMessage, name: string): string[] {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.flatMap(([key, value]) => (key === name && value !== undefined ? [value] : []));
}

function isSame(given: string | null, wanted: string): boolean {
  if (given === null) return false;
  const a = Buffer.from(given);
  const b = Buffer.from(wanted);
  return a.length === b.length && timingSafeEqual(a, b);
}
