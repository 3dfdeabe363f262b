import type { Endpoint } from '../shared/domain/endpoints.ts';
import { keyHeader } from './post.ts';

const timeoutMs = 10_000;

/** Whether a server has the endpoint’s model now: `unknown` where it lists no models, and then it has to be asked. */
export async function isServed(
  endpoint: Endpoint,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<'yes' | 'no' | 'unknown' | 'unreachable'> {
  const headers = { accept: 'application/json', ...keyHeader(endpoint, env) };
  try {
    const response = await fetch(`${endpoint.url}/models`, {
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return response.status >= 500 ? 'unreachable' : 'unknown';
    }
    const names = namesIn(await response.json());
    return names === null ? 'unknown' : names.includes(endpoint.model) ? 'yes' : 'no';
  } catch {
    return 'unreachable';
  }
}

/** `data[].id` of an OpenAI-compatible list; null where it is none. */
function namesIn(body: unknown): string[] | null {
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : null;
  if (!Array.isArray(data)) return null;
  return data.flatMap((one: unknown) =>
    typeof one === 'object' && one !== null && 'id' in one && typeof one.id === 'string' ? [one.id] : [],
  );
}
