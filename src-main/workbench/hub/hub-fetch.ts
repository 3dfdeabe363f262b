import { WorkbenchError } from '../../shared/domain/errors.ts';
import { refusal, unreachable } from './hub-errors.ts';
import type { HubName } from './hub-name.ts';
import type { HubSettings } from './settings.ts';

const mostRedirects = 10;

/**
 * `fetch` for one repository: follows redirects itself, so that the token goes to the endpoint's own origin and to no other,
 * and turns refusals into sentences. The client of the Hub gets it in place of the global one, and is never given the token.
 */
export function hubFetch(name: HubName, settings: HubSettings, signal: AbortSignal): typeof fetch {
  const { origin } = new URL(settings.endpoint);
  return async (input, init = {}) => {
    const token = await settings.token();
    let url = new URL(input instanceof Request ? input.url : input);
    let request: RequestInit = { ...init };
    for (let redirects = 0; redirects <= mostRedirects; redirects++) {
      const withToken = token !== null && url.origin === origin;
      const response = await send(
        url,
        { ...request, headers: headersOf(request, withToken ? token : null) },
        { settings, signal },
      );
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) {
        if (response.ok || response.status === 416) return response;
        await response.body?.cancel();
        throw refusal(name, settings, {
          status: response.status,
          code: response.headers.get('x-error-code'),
          withToken: token !== null,
        });
      }
      await response.body?.cancel();
      url = new URL(location, url);
      if (response.status === 303) request = withoutBody(request);
    }
    throw new WorkbenchError('unavailable', `${settings.endpoint} redirects without end.`);
  };
}

async function send(
  url: URL,
  init: RequestInit,
  { settings, signal }: { settings: HubSettings; signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal });
  } catch (error) {
    if (signal.aborted) throw new WorkbenchError('cancelled', 'Cancelled.');
    throw unreachable(settings, error);
  }
}

function headersOf({ headers }: RequestInit, token: string | null): Headers {
  const own = new Headers(headers);
  own.delete('authorization');
  if (token !== null) own.set('authorization', `Bearer ${token}`);
  return own;
}

function withoutBody(request: RequestInit): RequestInit {
  const { body: _, ...rest } = request;
  return { ...rest, method: 'GET' };
}
