import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { HubName } from './hub-name.ts';
import type { HubSettings } from './settings.ts';

/** What a refusal of the Hub means for the person who asked, and what comes next. */
export function refusal(
  name: HubName,
  settings: HubSettings,
  { status, code, withToken }: { status: number; code: string | null; withToken: boolean },
): WorkbenchError {
  const page = `${settings.endpoint}/${name.kind === 'dataset' ? 'datasets/' : ''}${name.repository}`;
  const what = `The ${name.kind} ${name.repository}`;
  if (code === 'GatedRepo') {
    return new WorkbenchError('conflict', `${what} is gated: its owner grants access to those who ask for it.`, {
      remedy: withToken
        ? `The account of your token has no access yet: ask for it at ${page}, or use another account’s token.`
        : `Ask for access at ${page}, then set HF_TOKEN to a token of that account (or log in with hf auth login).`,
    });
  }
  if (code === 'RevisionNotFound') {
    return new WorkbenchError('not-found', `${what} has no revision “${name.revision}”.`, {
      remedy: `Its branches, tags and commits are listed at ${page}/tree/main.`,
    });
  }
  if (status === 401 && withToken && code !== 'RepoNotFound') {
    return new WorkbenchError('conflict', `${settings.endpoint} does not accept the token it was given.`, {
      remedy: 'Make a new token, or unset HF_TOKEN for what is public.',
    });
  }
  if (status === 404 || status === 401) {
    return new WorkbenchError('not-found', `${what} does not exist at ${settings.endpoint}, or it is private.`, {
      remedy: withToken
        ? 'Check the name, and whether the account of your token may see it.'
        : 'Check the name; for a private one set HF_TOKEN to a token of an account that may see it.',
    });
  }
  if (status === 403) {
    return new WorkbenchError('conflict', `${settings.endpoint} does not allow this with the token it was given.`, {
      remedy: 'Give the token the permission it lacks: reading this repository, or writing to it for an upload.',
    });
  }
  if (status === 429) {
    return new WorkbenchError('unavailable', `${settings.endpoint} asks for fewer requests (429).`, {
      remedy: 'Wait a few minutes and run the same command again; what has been downloaded is kept.',
    });
  }
  return new WorkbenchError(
    'unavailable',
    `${settings.endpoint} answered with status ${status} for ${name.repository}.`,
    {
      remedy: 'Run the same command again later; what has been downloaded is kept.',
    },
  );
}

export function unreachable(settings: HubSettings, cause: unknown): WorkbenchError {
  return new WorkbenchError('unavailable', `${settings.endpoint} cannot be reached.`, {
    remedy: 'Check the network and HF_ENDPOINT; with HF_HUB_OFFLINE=1 only what is in the cache is used.',
    cause,
  });
}

/** `others`: commits of the repository that are in the cache. */
export function notCached(name: HubName, settings: HubSettings, others: readonly string[]): WorkbenchError {
  const at = name.revision === 'main' && others.length === 0 ? '' : ` at ${name.revision}`;
  const [one] = others;
  return new WorkbenchError('not-found', `${name.repository}${at} is not in the cache at ${settings.cacheFolder}.`, {
    remedy:
      one === undefined
        ? 'HF_HUB_OFFLINE is set: unset it to fetch the repository, or name one that is in the cache.'
        : `HF_HUB_OFFLINE is set: unset it to fetch the revision, or name a commit that is in the cache: ${name.repository}@${one.slice(0, 12)}${others.length > 1 ? ` (there are ${others.length})` : ''}.`,
  });
}
