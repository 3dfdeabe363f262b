import { z } from 'zod';
import { hubFetch } from './hub-fetch.ts';
import type { HubName } from './hub-name.ts';
import type { HubSettings } from './settings.ts';

/** A file of a repository at a commit. */
export interface HubFile {
  path: string;
  sizeBytes: number;
  /** What its content must hash to: SHA-256 of large files, git's SHA-1 of a blob else. It also names the file in the cache. */
  digest: { kind: 'sha256' | 'git'; hex: string };
}

export interface Repository {
  name: HubName;
  commit: string;
  licence: string | null;
  files: HubFile[];
  /** Its files are those in the cache, and nobody is asked for others. */
  here?: boolean;
}

const infoSchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z
    .looseObject({ license: z.union([z.string(), z.array(z.string())]).optional() })
    .optional()
    .nullable(),
});

/** What the Hub says of a repository: the commit that its revision stands for, its licence, and its files there. */
export async function readRepository(name: HubName, settings: HubSettings, signal: AbortSignal): Promise<Repository> {
  // Most commands never ask the Hub, and start without its client.
  const { datasetInfo, listFiles, modelInfo } = await import('@huggingface/hub');
  const client = { hubUrl: settings.endpoint, fetch: hubFetch(name, settings, signal) };
  const asked = { ...client, name: name.repository, revision: name.revision };
  const info = infoSchema.parse(
    name.kind === 'model'
      ? await modelInfo({ ...asked, additionalFields: ['sha', 'cardData'] })
      : await datasetInfo({ ...asked, additionalFields: ['sha', 'cardData'] }),
  );
  const licences = info.cardData?.license;
  const files: HubFile[] = [];
  const repo = { type: name.kind, name: name.repository };
  for await (const entry of listFiles({ ...client, repo, revision: info.sha, recursive: true })) {
    if (entry.type !== 'file' || !isSafePath(entry.path)) continue;
    files.push({ path: entry.path, sizeBytes: entry.lfs?.size ?? entry.size, digest: digestOf(entry) });
  }
  return { name, commit: info.sha, licence: [licences ?? []].flat().join(', ') || null, files };
}

function digestOf(entry: { oid?: string; lfs?: { oid: string } }): HubFile['digest'] {
  return entry.lfs === undefined ? { kind: 'git', hex: entry.oid ?? '' } : { kind: 'sha256', hex: entry.lfs.oid };
}

/** Paths become names of files here. */
function isSafePath(path: string): boolean {
  return (
    !path.startsWith('/') && !/[\\:\0]/.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part))
  );
}
