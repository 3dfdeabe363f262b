import { setTimeout as sleep } from 'node:timers/promises';
import { WorkbenchError } from '../shared/domain/errors.ts';
import type { Endpoint } from '../shared/domain/endpoints.ts';

export interface PostTools {
  fetch: typeof fetch;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Before the second try, in ms; doubled with each. */
  firstPauseMs: number;
}

/** A reply, and what is true of how it came. */
export interface Reply {
  status: number;
  body: unknown;
  latencyMs: number;
}

const tries = 6;
const longestPauseMs = 120_000;
const timeoutMs = 600_000;

/**
 * Posts JSON and returns the reply's, also one that says no (400, 404, 422 …). Whatever may pass is tried again: 408, 429, 5xx, a connection that
 * fails or breaks off in the middle; as late as the server asks. The key goes to the endpoint's own origin: redirects are not followed.
 */
export async function post(endpoint: Endpoint, path: string, body: unknown, tools: PostTools): Promise<Reply> {
  const url = `${endpoint.url}${path}`;
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...keyHeader(endpoint, tools.env) };
  for (let attempt = 1; ; attempt += 1) {
    const startedMs = performance.now();
    const outcome = await tryOnce(url, headers, body, tools);
    if (tools.signal.aborted) throw new WorkbenchError('cancelled', 'Stopped.');
    if ('reply' in outcome) return { ...outcome.reply, latencyMs: performance.now() - startedMs };
    if (attempt === tries) throw outcome.fault;
    const pauseMs = Math.min(longestPauseMs, outcome.afterMs ?? tools.firstPauseMs * 2 ** (attempt - 1));
    await sleep(pauseMs, undefined, { signal: tools.signal }).catch(() => {
      throw new WorkbenchError('cancelled', 'Stopped.');
    });
  }
}

type Outcome = { reply: Omit<Reply, 'latencyMs'> } | { fault: WorkbenchError; afterMs: number | null };

async function tryOnce(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  tools: PostTools,
): Promise<Outcome> {
  const signal = AbortSignal.any([tools.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const response = await tools.fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal,
      redirect: 'manual',
    });
    const { status } = response;
    const text = await response.text();
    if (status >= 300 && status < 400) throw fault(url, 'points to another address, which is not followed', status);
    if (status === 408 || status === 429 || status >= 500) {
      return {
        fault: fault(url, `says ${status} ${saidIn(text)}`.trim(), status),
        afterMs: retryAfterMs(response.headers),
      };
    }
    return { reply: { status, body: JSON.parse(text) as unknown } };
  } catch (cause) {
    if (cause instanceof WorkbenchError) throw cause;
    const why = cause instanceof SyntaxError ? 'sent a reply that broke off' : 'cannot be reached';
    return { fault: fault(url, why, null, cause), afterMs: null };
  }
}

/** @throws WorkbenchError `bad-input` where the variable that holds the key is not set. */
export function keyHeader({ keyVariable, url }: Endpoint, env: NodeJS.ProcessEnv): Record<string, string> {
  if (keyVariable === null) return {};
  const key = env[keyVariable];
  if (key !== undefined && key !== '') return { authorization: `Bearer ${key}` };
  throw new WorkbenchError('bad-input', `${keyVariable} is not set, and it holds the key of ${url}.`, {
    remedy: `Set ${keyVariable} in the environment of the workbench.`,
  });
}

/** Seconds or a date, as HTTP has it; milliseconds as some servers send them. */
function retryAfterMs(headers: Headers): number | null {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms)) return Math.max(0, ms);
  const text = headers.get('retry-after');
  if (text === null) return null;
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/** What a server says of a fault, in whichever of the usual places. */
export function saidIn(body: unknown): string {
  const value = typeof body === 'string' ? tryParse(body) : body;
  if (typeof value === 'string') return value.slice(0, 300);
  const record = (value ?? {}) as Record<string, unknown>;
  const inner = record.error ?? record.detail ?? record.message;
  if (typeof inner === 'string') return inner.slice(0, 300);
  const message = (inner as Record<string, unknown> | undefined)?.message;
  return typeof message === 'string' ? message.slice(0, 300) : JSON.stringify(inner ?? '').slice(0, 300);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function fault(url: string, what: string, status: number | null, cause?: unknown): WorkbenchError {
  const remedy =
    status === 429
      ? 'Ask less at a time (--concurrency), or wait. Evaluating again continues where this one ended.'
      : 'See that the server runs. Evaluating again continues where this one ended.';
  return new WorkbenchError('unavailable', `The server at ${url} ${what}.`, { remedy, cause });
}
