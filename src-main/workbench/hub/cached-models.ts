import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { HubSource } from '../../shared/domain/entities.ts';
import { isCommit, type RepositoryKind } from './hub-name.ts';

/** A model or an adapter that the cache holds whole, at one commit. */
export interface CachedModel {
  kind: 'model' | 'adapter';
  repository: string;
  commit: string;
  /** Branches and tags that stood for the commit when it was fetched, `main` first; none where it was fetched by its commit. */
  revisions: string[];
  folder: string;
  /** Of its weights. */
  sizeBytes: number;
  /** When its newest file came into the cache, in ms since 1970. */
  changedAt: number;
}

const modelsPrefix: `${RepositoryKind}s--` = 'models--';
const weightNames = {
  model: /^model[\w.-]*\.safetensors$/,
  adapter: /^adapter_model[\w.-]*\.safetensors$/,
} as const;

/** Every whole snapshot of the cache, by repository, its `main` first. Folders are listed and files looked at, but none is opened save refs. */
export async function cachedModels(cacheFolder: string): Promise<CachedModel[]> {
  const folders = (await namesIn(cacheFolder)).filter((folder) => folder.startsWith(modelsPrefix));
  const found = await Promise.all(folders.map((folder) => modelsOf(path.join(cacheFolder, folder))));
  return found.flat().sort((a, b) => a.repository.localeCompare(b.repository, 'en') || byRevision(a, b));
}

function byRevision(a: CachedModel, b: CachedModel): number {
  const isMain = ({ revisions }: CachedModel) => Number(revisions[0] === 'main');
  return isMain(b) - isMain(a) || b.changedAt - a.changedAt;
}

async function modelsOf(repositoryFolder: string): Promise<CachedModel[]> {
  const commits = (await namesIn(path.join(repositoryFolder, 'snapshots'))).filter(isCommit);
  const repository = repositoryOf(path.basename(repositoryFolder).slice(modelsPrefix.length));
  const refs = await refsOf(path.join(repositoryFolder, 'refs'));
  const found = await Promise.all(
    commits.map(async (commit): Promise<CachedModel | null> => {
      const folder = path.join(repositoryFolder, 'snapshots', commit);
      const whole = await weightsOf(folder);
      if (whole === null) return null;
      const revisions = refs.filter((ref) => ref.commit === commit).map(({ name }) => name);
      return { repository, commit, revisions: mainFirst(revisions), folder, ...whole };
    }),
  );
  return found.filter((model) => model !== null);
}

/** Null where a file is missing: a download that did not come to its end, or weights in another format. */
async function weightsOf(folder: string): Promise<Pick<CachedModel, 'kind' | 'sizeBytes' | 'changedAt'> | null> {
  const names = await namesIn(folder);
  const kind = names.includes('config.json') ? 'model' : names.includes('adapter_config.json') ? 'adapter' : null;
  if (kind === null) return null;
  const weights = names.filter((name) => weightNames[kind].test(name));
  const files = await Promise.all(
    [...weights, kind === 'model' ? 'config.json' : 'adapter_config.json'].map((name) =>
      // Through the link: one that leads nowhere is a file that never came.
      stat(path.join(folder, name)).catch(() => null),
    ),
  );
  const sound = files.filter((file) => file !== null && file.isFile() && file.size > 0).filter((file) => file !== null);
  if (weights.length === 0 || sound.length < files.length || !hasAllShards(weights)) return null;
  return {
    kind,
    sizeBytes: sound.slice(0, -1).reduce((sum, { size }) => sum + size, 0),
    changedAt: Math.round(Math.max(...sound.map(({ mtimeMs }) => mtimeMs))),
  };
}

/** `model-00002-of-00005.safetensors` says how many there are. */
function hasAllShards(names: readonly string[]): boolean {
  const shards = names.map((name) => /-\d+-of-(\d+)\.safetensors$/.exec(name)?.[1]).filter((of) => of !== undefined);
  return shards.every((of) => shards.length === Number(of));
}

/** Where on the Hub a folder of the cache came from; null for any other folder. A commit without a name stands for itself. */
export async function snapshotSource(folder: string): Promise<HubSource | null> {
  const place = snapshotPlace(folder);
  if (place === null) return null;
  const { repository, commit } = place;
  const refs = await refsOf(path.join(path.resolve(folder), '..', '..', 'refs'));
  const [revision = commit] = mainFirst(refs.filter((ref) => ref.commit === commit).map(({ name }) => name));
  return { repository, revision, commit };
}

/** What the path of a snapshot says: `…/models--ORG--NAME/snapshots/COMMIT`. */
export function snapshotPlace(folder: string): { repository: string; commit: string } | null {
  const [home = '', snapshots, commit = ''] = path.resolve(folder).split(path.sep).slice(-3);
  if (!home.startsWith(modelsPrefix) || snapshots !== 'snapshots' || !isCommit(commit)) return null;
  return { repository: repositoryOf(home.slice(modelsPrefix.length)), commit };
}

/** Old models of the Hub have no organisation before their name. */
function repositoryOf(folderName: string): string {
  return folderName.replace('--', '/');
}

function mainFirst(names: readonly string[]): string[] {
  return names.toSorted((a, b) => Number(b === 'main') - Number(a === 'main') || a.localeCompare(b, 'en'));
}

/** Branches and tags with what they stood for; names may hold slashes, which are folders here. */
async function refsOf(folder: string): Promise<{ name: string; commit: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const file = path.join(entry.parentPath, entry.name);
        const commit = (await readFile(file, 'utf8').catch(() => '')).trim();
        return { name: path.relative(folder, file).split(path.sep).join('/'), commit };
      }),
  );
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((): string[] => []);
}
