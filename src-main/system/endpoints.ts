import { WorkbenchError } from '../shared/domain/errors.ts';

/**
 * Programs that the workbench sends texts to: which of them may get prompts and answers, and which of them a key. An address
 * comes from a suite, and suites come from other people, so neither is decided by the address.
 */
export const endpointVariables = {
  /** Origins that may get texts, by commas: `--allow-endpoint` adds to it for one command. */
  allowed: 'FLIPGUARD_ALLOW_ENDPOINTS',
  /** The key of a judge. */
  key: 'FLIPGUARD_JUDGE_KEY',
  /** The one address whose origin the key belongs to. Without it, the one origin that this command allows. */
  keyUrl: 'FLIPGUARD_JUDGE_URL',
} as const;

/** An endpoint's origin. @throws WorkbenchError when texts may not travel there at all: no https, or a password in the address. */
export function endpointOrigin(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new WorkbenchError('bad-input', `“${address}” is not the address of an endpoint.`, {
      remedy: 'Write it with its scheme, up to and including /v1: https://api.example.com/v1.',
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new WorkbenchError('bad-input', `The address of the endpoint ${url.host} carries a password.`, {
      remedy: `Leave it out of the address, and put a key into ${endpointVariables.key}.`,
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new WorkbenchError('bad-input', `${url.origin} is not encrypted: texts and keys could be read on the way.`, {
      remedy: 'Use https. Plain http is for this machine only; reach another one through a tunnel (ssh -L).',
    });
  }
  return url.origin;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** @throws WorkbenchError `bad-input`, with the flag that allows it, unless somebody has allowed texts to go there. */
export function requireAllowedEndpoint(address: string, what: string, env: NodeJS.ProcessEnv = process.env): string {
  const origin = endpointOrigin(address);
  if (allowedOrigins(env).includes(origin)) return origin;
  throw new WorkbenchError('bad-input', `${what} sends prompts and answers to ${origin}, which has not been allowed.`, {
    remedy: `If you trust it: --allow-endpoint ${origin}, or ${endpointVariables.allowed}=${origin} in the environment.`,
    place: { field: 'endpoint' },
    consent: { kind: 'endpoint', origin },
  });
}

/** The same of an address that a window names for alerts. */
export function requireAllowedWebhook(address: string, env: NodeJS.ProcessEnv = process.env): string {
  const origin = endpointOrigin(address);
  if (allowedOrigins(env).includes(origin)) return origin;
  throw new WorkbenchError('bad-input', `Alerts would be sent to ${origin}, which has not been allowed.`, {
    remedy: `If you trust it: --allow-endpoint ${origin}, or ${endpointVariables.allowed}=${origin} in the environment.`,
    place: { field: 'alertsTo' },
    consent: { kind: 'endpoint', origin },
  });
}

function allowedOrigins(env: NodeJS.ProcessEnv): string[] {
  const written = (env[endpointVariables.allowed] ?? '').split(',').map((one) => one.trim());
  return written.filter((one) => one !== '').map(endpointOrigin);
}

/** Allows origins for this process and its children. */
export function allowEndpoints(addresses: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  if (addresses.length === 0) return;
  env[endpointVariables.allowed] = [...new Set([...allowedOrigins(env), ...addresses.map(endpointOrigin)])].join(',');
}

/** The key for an address, when it was given for its origin. */
export function keyFor(address: string, env: NodeJS.ProcessEnv = process.env): string | null {
  const key = env[endpointVariables.key];
  if (key === undefined || key === '') return null;
  const given = env[endpointVariables.keyUrl];
  const owners = given === undefined || given === '' ? allowedOrigins(env) : [endpointOrigin(given)];
  return owners.length === 1 && owners[0] === endpointOrigin(address) ? key : null;
}
