import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readModelConfig } from '../../engine/models/families.ts';
import type { HubSource } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Task } from '../supervision/task.ts';
import { chooseDataFiles, type DataChoice, isData } from './data-files.ts';
import { downloadFiles } from './download.ts';
import { evaluationFiles } from './evaluation-files.ts';
import { cachedModels, type CachedModel } from './cached-models.ts';
import { cachedCommit, cachedCommits, hasBlob, repositoryFolder, snapshotFolder } from './hub-cache.ts';
import { notCached } from './hub-errors.ts';
import type { HubName } from './hub-name.ts';
import { cachedRepository } from './hub-offline.ts';
import { announcement, modelFiles } from './model-files.ts';
import { type HubFile, readRepository, type Repository } from './repository.ts';
import { type HubSettings, hubSettings } from './settings.ts';

/** Hears what is about to be fetched (size, licence, revision), before it is. */
export type Announce = (line: string) => void;

/** Models and data by their name on the Hub, through the cache that its other tools use. */
export interface Hub {
  model(name: HubName, task: Task, announce?: Announce): Promise<{ folder: string; source: HubSource }>;
  /** The files of one split, in order. */
  dataset(
    name: HubName,
    choice: DataChoice,
    task: Task,
    announce?: Announce,
  ): Promise<{ files: string[]; source: HubSource }>;
  /** A file or a folder of results per sample. */
  evaluation(
    name: HubName,
    choice: DataChoice,
    task: Task,
    announce?: Announce,
  ): Promise<{ place: string; source: HubSource }>;
  /** Models and adapters that are in the cache whole; nobody is asked. */
  cached(): Promise<CachedModel[]>;
}

/** `settings` are read again for each use: a window stays open while the environment's token file changes. */
export function createHub(settingsOf: () => HubSettings = hubSettings): Hub {
  return {
    async model(name, task, announce = () => {}) {
      const settings = settingsOf();
      const repository = await open(name, settings, task);
      const files = modelFiles(repository);
      await announceFiles(repository, files, settings, announce);
      const small = files.filter(({ path: file }) => !file.endsWith('.safetensors'));
      const folder = await fetched(repository, small, settings, task);
      await refuseUnsupported(folder, name);
      await fetched(repository, files, settings, task);
      return { folder, source: sourceOf(repository) };
    },
    async dataset(name, choice, task, announce = () => {}) {
      const settings = settingsOf();
      const { repository, files } = await dataFiles(await open(name, settings, task), choice, settings, task);
      await announceFiles(repository, files, settings, announce);
      const folder = await fetched(repository, files, settings, task);
      return { files: files.map((file) => path.join(folder, ...file.path.split('/'))), source: sourceOf(repository) };
    },
    async evaluation(name, choice, task, announce = () => {}) {
      const settings = settingsOf();
      const opened = await open(name, settings, task);
      const results = evaluationFiles(opened, choice.config);
      const { repository, files } =
        results === null
          ? await dataFiles(opened, choice, settings, task)
          : { repository: opened, files: results.files };
      await announceFiles(repository, files, settings, announce);
      const folder = await fetched(repository, files, settings, task);
      const [first] = files;
      const inside = results !== null && results.files.length > 1 ? results.folder : (first?.path ?? '');
      return { place: path.join(folder, ...inside.split('/')), source: sourceOf(repository) };
    },
    cached: () => cachedModels(settingsOf().cacheFolder),
  };
}

/** What the Hub says of the repository; offline, or where the Hub cannot be reached, what the cache holds of it. */
async function open(name: HubName, settings: HubSettings, task: Task): Promise<Repository> {
  const commit = await cachedCommit(settings.cacheFolder, name);
  const fromCache = async () => (commit === null ? null : cachedRepository(settings.cacheFolder, name, commit));
  if (settings.offline) {
    const cached = await fromCache();
    if (cached === null) throw notCached(name, settings, await cachedCommits(settings.cacheFolder, name));
    return cached;
  }
  task.progress(`asking for ${name.repository}`, null);
  try {
    return await readRepository(name, settings, task.signal);
  } catch (error) {
    const cached = isUnreachable(error) ? await fromCache() : null;
    if (cached === null) throw error;
    return cached;
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof WorkbenchError && error.code === 'unavailable' && error.cause !== undefined;
}

async function fetched(
  repository: Repository,
  files: readonly HubFile[],
  settings: HubSettings,
  task: Task,
): Promise<string> {
  const { cacheFolder } = settings;
  if (repository.here === true) return snapshotFolder(cacheFolder, repository.name, repository.commit);
  return downloadFiles(repository, files, settings, task);
}

async function announceFiles(
  repository: Repository,
  files: readonly HubFile[],
  { cacheFolder }: HubSettings,
  announce: Announce,
): Promise<void> {
  const blobs = path.join(repositoryFolder(cacheFolder, repository.name), 'blobs');
  const here = await Promise.all(
    files.map(async ({ digest, sizeBytes }) =>
      repository.here === true || (await hasBlob(path.join(blobs, digest.hex), sizeBytes)) ? sizeBytes : 0,
    ),
  );
  const hereBytes = here.reduce((sum, bytes) => sum + bytes, 0);
  announce(announcement(repository, files, hereBytes));
}

/** A model that the engine would refuse is refused before its weights are fetched. */
async function refuseUnsupported(folder: string, { repository }: HubName): Promise<void> {
  const text = await readFile(path.join(folder, 'config.json'), 'utf8').catch(() => null);
  if (text === null) return;
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new WorkbenchError('bad-input', `config.json of ${repository} is not JSON.`, { cause });
  }
  readModelConfig(config, `${repository}/config.json`);
}

/** The files of a split: of the repository itself, else of the Parquet branch that the Hub makes of every dataset it can read. */
async function dataFiles(
  repository: Repository,
  choice: DataChoice,
  settings: HubSettings,
  task: Task,
): Promise<{ repository: Repository; files: HubFile[] }> {
  if (repository.files.some(isData)) {
    const card = await cardOf(repository, settings, task);
    return { repository, files: chooseDataFiles(repository, card, choice).files };
  }
  const { name } = repository;
  const converted = await readRepository({ ...name, revision: 'refs/convert/parquet' }, settings, task.signal).catch(
    () => null,
  );
  if (converted === null || !converted.files.some(isData)) {
    throw new WorkbenchError('unsupported', `${name.repository} holds no Parquet, JSONL, JSON or CSV file.`, {
      remedy:
        'Other tools would run code from the repository to read it; export the rows with the datasets library to JSONL.',
    });
  }
  return { repository: converted, files: convertedFiles(converted, choice) };
}

/** The converted branch's folders are CONFIG/SPLIT; `partial-` marks a split that was cut off. */
function convertedFiles(repository: Repository, choice: DataChoice): HubFile[] {
  const card = [
    ...new Set(repository.files.filter(isData).map(({ path: file }) => file.split('/').slice(0, 2).join('/'))),
  ]
    .map((place) => place.split('/') as [config: string, split: string])
    .map(([config, split]) => ({
      config_name: config,
      data_files: [{ split: split.replace(/^partial-/, ''), path: `${config}/${split}/*` }],
    }));
  return chooseDataFiles(repository, `---\n${JSON.stringify({ configs: card })}\n---`, choice).files;
}

async function cardOf(repository: Repository, settings: HubSettings, task: Task): Promise<string | null> {
  const card = repository.files.filter(({ path: file }) => file === 'README.md');
  if (card.length === 0) return null;
  const folder = await fetched(repository, card, settings, task);
  return readFile(path.join(folder, 'README.md'), 'utf8').catch(() => null);
}

function sourceOf({ name, commit, licence }: Repository): HubSource {
  const named = licence === null ? {} : { licence };
  return { repository: name.repository, revision: name.revision, commit, ...named };
}
