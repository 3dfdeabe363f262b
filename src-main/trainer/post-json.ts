import { setTimeout as sleep } from 'node:timers/promises';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { endpointVariables, keyFor, requireAllowedEndpoint } from '../system/endpoints.ts';

export interface PostOptions {
  /** Aborted when the job is to stop. */
  signal: AbortSignal;
  /** For one try. */
  timeoutMs?: number;
  /** Between tries, where the endpoint does not say; doubled each time. */
  pauseMs?: number;
  /** Environment variable that holds the key; without one, it is the judge’s own, where that is for the address. */
  keyVariable?: string | null;
  /** Called before a request is sent once more. */
  onRetry?: () => void;
}

const tries = 3;
const maxReplyBytes = 4 * 2 ** 20;
/** An endpoint that wants to be left alone for longer is not there for this job. */
const maxPauseMs = 60_000;

/**
 * Posts JSON to an endpoint that was allowed, and answers its JSON. Three tries where the fault may pass; no redirect is
 * followed, since it would carry texts to an address that nobody allowed.
 */
export function createPostJson(options: PostOptions): (url: string, body: unknown) => Promise<unknown> {
  const { signal, timeoutMs = 120_000, pauseMs = 1000, keyVariable = null } = options;
  return async (url, body) => {
    requireAllowedEndpoint(url, 'A judge', process.env);
    const key = keyVariable === null ? keyFor(url) : keyIn(keyVariable, url);
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await post(url, body, key, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])).catch(
        (cause: unknown) => ({ fault: unreachable(url, cause), retryAfterMs: null, mayPass: true }),
      );
      if (signal.aborted) throw new WorkbenchError('cancelled', 'Stopped.');
      if ('reply' in outcome) return outcome.reply;
      if (!outcome.mayPass || attempt === tries) throw outcome.fault;
      options.onRetry?.();
      const pause = outcome.retryAfterMs ?? pauseMs * 2 ** (attempt - 1);
      await sleep(Math.min(pause, maxPauseMs), undefined, { signal }).catch(() => {
        throw new WorkbenchError('cancelled', 'Stopped.');
      });
    }
  };
}

type Outcome = { reply: unknown } | { fault: WorkbenchError; retryAfterMs: number | null; mayPass: boolean };

async function post(url: string, body: unknown, key: string | null, signal: AbortSignal): Promise<Outcome> {
  const headers = {
    'content-type': 'application/json',
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
  };
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    signal,
    redirect: 'manual',
  });
  if (response.ok) {
    const text = await readBounded(response);
    return text === null ? failed(url, 'sent more than a judge’s reply may have', false) : parsed(url, text);
  }
  await response.body?.cancel();
  if (response.status >= 300 && response.status < 400)
    return failed(url, 'points to another address, which is not followed', false);
  const mayPass = response.status === 429 || response.status === 408 || response.status >= 500;
  return { ...refused(url, response), retryAfterMs: retryAfter(response.headers.get('retry-after')), mayPass };
}

async function readBounded(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > maxReplyBytes) return null;
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(url: string, text: string): Outcome {
  try {
    return { reply: JSON.parse(text) as unknown };
  } catch {
    return failed(url, 'did not answer with JSON', false);
  }
}

function keyIn(variable: string, url: string): string {
  const key = process.env[variable] ?? '';
  if (key !== '') return key;
  throw new WorkbenchError('bad-input', `${variable} is not set, and it holds the key of ${url}.`, {
    remedy: `Set ${variable} in the environment of the workbench.`,
  });
}

/** Seconds, or a date. */
function retryAfter(header: string | null): number | null {
  if (header === null) return null;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

function failed(url: string, what: string, mayPass: boolean): Outcome {
  const fault = new WorkbenchError('unavailable', `The judge at ${url} ${what}.`, {
    remedy: 'Name the address of an OpenAI-compatible endpoint, up to and including /v1.',
  });
  return { fault, retryAfterMs: null, mayPass };
}

function refused(url: string, response: Response): { fault: WorkbenchError } {
  const { key, keyUrl } = endpointVariables;
  const unauthorised = response.status === 401 || response.status === 403;
  return {
    fault: new WorkbenchError(
      'unavailable',
      `The judge at ${url} answered ${response.status} ${response.statusText}.`,
      {
        remedy: unauthorised
          ? `Set ${key} to the endpoint’s key, and ${keyUrl} to its address.`
          : 'See the endpoint’s own log.',
      },
    ),
  };
}

function unreachable(url: string, cause: unknown): WorkbenchError {
  const late = cause instanceof Error && cause.name === 'TimeoutError';
  return new WorkbenchError(
    'unavailable',
    `The judge at ${url} ${late ? 'did not answer in time' : 'cannot be reached'}.`,
    {
      remedy: 'Check the endpoint’s address and that its server runs.',
      cause,
    },
  );
}
