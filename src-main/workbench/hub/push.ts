import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Task } from '../supervision/task.ts';
import { cardMark } from './card.ts';
import { hubFetch } from './hub-fetch.ts';
import { type HubName, parseHubName } from './hub-name.ts';
import { readRepository, type Repository } from './repository.ts';
import { type HubSettings, hubSettings } from './settings.ts';

export interface Upload {
  /** A model's repository, as ORG/NAME. */
  to: string;
  /** Files by their name in the repository. */
  files: readonly { name: string; file: string }[];
  /** The card, as Markdown with its head. */
  card: string;
  title: string;
}

export interface Uploaded {
  repository: string;
  url: string;
  commit: string;
  /** Whether the repository was made for it; then it is private. */
  made: boolean;
  /** README.md, unless the repository has one that somebody wrote. */
  cardFile: string;
}

/** `ORG/NAME`, looked at before anything is written. */
export function uploadTarget(to: string, settings: HubSettings = hubSettings()): HubName {
  const name = to.includes('@') ? null : parseHubName('model', to);
  if (name === null) {
    throw new WorkbenchError('bad-input', `“${to}” is no repository of the Hub.`, {
      remedy: 'Write --push ORG/NAME, where ORG is your account or an organisation of yours.',
    });
  }
  if (!settings.offline) return name;
  throw new WorkbenchError('conflict', 'HF_HUB_OFFLINE is set, and an upload needs the Hub.', {
    remedy: 'Unset HF_HUB_OFFLINE, or leave --push out.',
  });
}

/** Uploads files with their card in one commit, into a repository that is made (private) where there is none. */
export async function upload(
  { to, files, card, title }: Upload,
  task: Task,
  settings: HubSettings = hubSettings(),
): Promise<Uploaded> {
  const name = uploadTarget(to, settings);
  if ((await settings.token()) === null) {
    throw new WorkbenchError('conflict', `An upload to ${settings.endpoint} needs a token, and there is none.`, {
      remedy: 'Set HF_TOKEN to a token that may write (or log in with hf auth login), and run the command again.',
    });
  }
  const client = { hubUrl: settings.endpoint, fetch: hubFetch(name, settings, task.signal) };
  const repo = { type: name.kind, name: name.repository };
  task.progress(`asking for ${name.repository}`, null);
  const there = await existingRepository(name, settings, task.signal);
  // The client asks for a credential; `hubFetch` alone knows the token, and sends it to the endpoint's own origin only.
  const placeholder = { accessToken: 'hf_placeholder' };
  // Most commands never ask the Hub, and start without its client.
  const { commitIter, createRepo } = await import('@huggingface/hub');
  if (there === null) await createRepo({ ...client, ...placeholder, repo, visibility: 'private' });
  const cardFile = (await hasForeignCard(there, client.fetch, settings)) ? 'FLIPGUARD.md' : 'README.md';
  const addition = { operation: 'addOrUpdate' as const };
  const uploading = commitIter({
    ...client,
    ...placeholder,
    repo,
    operations: [
      ...files.map(({ name: file, file: place }) => ({
        ...addition,
        path: file,
        content: pathToFileURL(path.resolve(place)),
      })),
      { ...addition, path: cardFile, content: new Blob([card]) },
    ],
    title,
    useXet: false,
    abortSignal: task.signal,
  });
  let next = await uploading.next();
  while (next.done !== true) {
    const { value } = next;
    if (value.event === 'fileProgress') task.progress(`${value.state} ${value.path}`, value.progress);
    next = await uploading.next();
  }
  return {
    repository: name.repository,
    url: `${settings.endpoint}/${name.repository}`,
    commit: next.value?.commit.oid ?? '',
    made: there === null,
    cardFile,
  };
}

async function existingRepository(
  name: HubName,
  settings: HubSettings,
  signal: AbortSignal,
): Promise<Repository | null> {
  try {
    return await readRepository(name, settings, signal);
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'not-found') return null;
    throw error;
  }
}

/** What a person wrote about the repository is left as it is. */
async function hasForeignCard(
  there: Repository | null,
  get: typeof fetch,
  { endpoint }: HubSettings,
): Promise<boolean> {
  if (there?.files.some(({ path: file }) => file === 'README.md') !== true) return false;
  const response = await get(`${endpoint}/${there.name.repository}/resolve/${there.commit}/README.md`);
  return !(await response.text()).includes(cardMark);
}
