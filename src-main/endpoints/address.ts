import { endpointOrigin } from '../system/endpoints.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { endpointSchema } from '../shared/domain/endpoints.ts';
import type { Endpoint } from '../shared/domain/endpoints.ts';

/** Checks what a person wrote of a server. Prompts and answers travel unencrypted only on this machine, or where it was allowed by a flag. */
export function checkedEndpoint(input: Partial<Record<keyof Endpoint, unknown>>): Endpoint {
  const parsed = endpointSchema.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refused(
      `${issue?.path.join('.') ?? 'endpoint'}: ${issue?.message ?? 'is not valid'}.`,
      'See flipguard import model --help.',
    );
  }
  const endpoint = { ...parsed.data, url: parsed.data.url.replace(/\/+$/, '') };
  const url = URL.canParse(endpoint.url) ? new URL(endpoint.url) : null;
  // Everything but the scheme is asked of an address that was allowed by a flag, too.
  const address =
    endpoint.plainHttp && url?.protocol === 'http:' ? endpoint.url.replace(/^http:/, 'https:') : endpoint.url;
  endpointOrigin(address);
  return endpoint;
}

function refused(message: string, remedy: string): WorkbenchError {
  return new WorkbenchError('bad-input', message, { remedy, place: { field: 'endpoint' } });
}
