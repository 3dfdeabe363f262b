import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerText } from './routes.ts';

/**
 * What another program of the same account may ask of a server: a token for one browser, and to end. It shows the key that the
 * server wrote to a file which only that account can read; a browser, which names its origin, is never heard.
 */
export interface Control {
  readonly key: string;
  stop(): void;
}

export const keyHeader = 'x-flipguard-key';
export const controlPaths = { token: '/control/token', stop: '/control/stop' } as const;

/** Answers true when the request was one for it. */
export function answerControl(
  control: Control,
  newToken: () => string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const [address] = (request.url ?? '').split('?');
  if (address !== controlPaths.token && address !== controlPaths.stop) return false;
  const isPage = request.headers.origin !== undefined || request.headers['sec-fetch-site'] !== undefined;
  if (request.method !== 'POST' || isPage || !isKey(request.headers[keyHeader], control.key)) {
    answerText(response, 403, 'Not for you.');
    return true;
  }
  if (address === controlPaths.token) answerText(response, 200, newToken());
  else {
    answerText(response, 200, 'It ends.');
    control.stop();
  }
  return true;
}

function isKey(given: string | string[] | undefined, key: string): boolean {
  if (typeof given !== 'string') return false;
  const [a, b] = [Buffer.from(given), Buffer.from(key)];
  return a.length === b.length && timingSafeEqual(a, b);
}
