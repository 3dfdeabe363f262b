import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';

/** Where the Hub is, where its cache is, and whether it may be asked: what the Python tools read from the environment, read alike. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly cacheFolder: string;
  readonly offline: boolean;
  /**
   * Of `HF_TOKEN`, or of the file that a login writes; null without either. Read again for every use and held by nobody: it goes into
   * the header of requests to the endpoint, and nowhere else.
   */
  token(): Promise<string | null>;
}

export function hubSettings(env: NodeJS.ProcessEnv = process.env): HubSettings {
  const home = env.HF_HOME || path.join(env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'huggingface');
  return {
    endpoint: endpointOf(env.HF_ENDPOINT || 'https://huggingface.co'),
    cacheFolder: path.resolve(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || path.join(home, 'hub')),
    offline: isOn(env.HF_HUB_OFFLINE) || isOn(env.TRANSFORMERS_OFFLINE),
    token: () => readToken(env, home),
  };
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return text.replace(/\/+$/, '');
  throw new WorkbenchError('bad-input', `HF_ENDPOINT is “${text}”, which is not an address.`, {
    remedy: 'Write it as https://HOST, or unset it for the public Hub.',
  });
}

function isOn(value: string | undefined): boolean {
  return ['1', 'on', 'yes', 'true'].includes((value ?? '').toLowerCase());
}

async function readToken(env: NodeJS.ProcessEnv, home: string): Promise<string | null> {
  const own = (env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || '').trim();
  if (own !== '') return own;
  if (isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return null;
  const file = env.HF_TOKEN_PATH || path.join(home, 'token');
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim() === '' ? null : text.trim();
}
