import { createHash, randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkAdapter } from '../../engine/checkpoint/check-adapter.ts';
import { checkModelFiles, loadModelConfig } from '../../engine/checkpoint/model-files.ts';
import { adapterConfigFile, adapterWeightsFile } from '../../engine/checkpoint/peft-config.ts';
import { endpointFamily, endpointFile, endpointSchema } from '../../shared/domain/endpoints.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import type { HubSource, ModelRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { MergeRecipe } from '../../shared/domain/merging.ts';
import { writeWhole } from '../../system/whole-file.ts';
import type { Core } from '../core.ts';
import { existing, findByName, freeName, refuseTakenName } from '../workspace/names.ts';
import { inside, removeInside } from '../workspace/inside.ts';
import { openFolder } from '../../trainer/node-folders.ts';
import { snapshotSource } from '../hub/cached-models.ts';
import { isAdapterFolder, readAdapter } from './adapters.ts';
import { adapterFiles, familyOf, hashModelFiles, parametersIn, weightFiles } from './folder-files.ts';
import { modelFolder, requireFolder } from './weights.ts';
import type { Task } from '../supervision/task.ts';
import { makeFolder } from '../../system/folders.ts';

/** A model that was added, with sentences where its files are not what its configuration says. */
export interface AddedModel extends ModelRecord {
  notes: string[];
}

export interface AddOptions {
  name?: string | undefined;
  origin?: ModelRecord['origin'];
  source?: HubSource;
  /** Of an adapter: the model it sits on. */
  base?: string | undefined;
  /** Of a model made of others. */
  recipe?: MergeRecipe;
}

interface Examined {
  family: string;
  files: string[];
  parameters: number;
  notes: string[];
}

/** Model folders in Hugging Face layout, and PEFT adapters on them. They stay where they are; the workspace keeps path and hash. */
export interface Models {
  list(): Promise<ModelRecord[]>;
  find(nameOrId: string): Promise<ModelRecord>;
  /** What a folder of whole weights holds, by its configuration and headers alone. Throws what adding it would. */
  examine(folder: string): Promise<Examined>;
  /** Checks a folder's configuration and headers, hashes its weights, and lists it. */
  add(folder: string, options: AddOptions, task: Task): Promise<AddedModel>;
  /** A model behind somebody's server: its address is kept, its key is not. */
  addEndpoint(endpoint: Endpoint, name: string | undefined): Promise<ModelRecord>;
  remove(modelId: string): Promise<void>;
  /** Deletes the folder of a model that is no longer listed, if it was made here; imported folders belong to somebody else. */
  dropFolder(model: ModelRecord): Promise<void>;
  /** The hash of the weights as they are now, made as `add` made the one of the record. */
  hash(model: ModelRecord, task: Task): Promise<string>;
}

export function createModels(core: Core): Models {
  const { store, bus, layout } = core;

  async function find(nameOrId: string): Promise<ModelRecord> {
    return findByName('model', await store.listModels(), nameOrId);
  }

  async function underOf(model: ModelRecord | null): Promise<ModelRecord | null> {
    if (model?.baseId === undefined) return model;
    return underOf(existing('model', await store.getModel(model.baseId), model.baseId));
  }

  async function dropFolder(model: ModelRecord): Promise<void> {
    const made = path.relative(layout.models, path.resolve(layout.root, model.path));
    const shared = (await store.listModels()).some((other) => other.path === model.path);
    if (isInside(layout.models, path.join(layout.models, made)) && !shared) await removeInside(layout.models, made);
  }

  return {
    examine: examineFolder,
    dropFolder,
    list: async () => Promise.all((await store.listModels()).map((model) => withState(layout.root, model))),
    find,
    async add(folder, { name, origin = 'imported', base, recipe, ...options }, task) {
      const known = await store.listModels();
      // A snapshot of the Hub's cache says itself where it came from, whichever way it is named.
      const source = options.source ?? (await snapshotSource(folder)) ?? undefined;
      if (name !== undefined) refuseTakenName('model', known, name);
      const on = base === undefined ? null : await find(base);
      const { notes, ...described } = await describeFolder(layout.root, path.resolve(folder), await underOf(on), task);
      const same = known.find((model) => model.sha256 === described.sha256 && model.path === described.path);
      if (same !== undefined && name === undefined) return { ...same, notes };
      const model = await store.addModel({
        ...described,
        name: name ?? freeName(known, usualName(described.path, source)),
        origin,
        state: 'present',
        ...(source === undefined ? {} : { source }),
        ...(on === null ? {} : { baseId: on.id }),
        ...(recipe === undefined ? {} : { recipe }),
      });
      bus.publish({ topic: 'changed', lists: ['models'] });
      return { ...model, notes };
    },
    async addEndpoint(endpoint, name) {
      const known = await store.listModels();
      if (name !== undefined) refuseTakenName('model', known, name);
      const folder = path.join('models', `endpoint-${randomUUID()}`);
      const place = inside(layout.root, folder);
      await makeFolder(place);
      await writeWhole(path.join(place, endpointFile), `${JSON.stringify(endpoint, null, 2)}\n`);
      const model = await store.addModel({
        name: name ?? freeName(known, path.posix.basename(endpoint.model) || endpoint.model),
        path: folder,
        family: endpointFamily,
        parameters: 0,
        sizeBytes: 0,
        sha256: endpointHash(endpoint),
        origin: 'imported',
        state: 'present',
      });
      bus.publish({ topic: 'changed', lists: ['models'] });
      return model;
    },
    async hash(model, task) {
      const folder = modelFolder(layout.root, model);
      if (model.family === endpointFamily) {
        const file = path.join(folder, endpointFile);
        return endpointHash(endpointSchema.parse(JSON.parse(await readFile(file, 'utf8'))));
      }
      const files = await (model.baseId === undefined ? weightFiles(folder) : [adapterConfigFile, adapterWeightsFile]);
      return (await describeFiles(layout.root, folder, model.family, files, task)).sha256;
    },
    async remove(modelId) {
      const model = await find(modelId);
      await store.removeModel(model.id);
      await dropFolder(model);
      bus.publish({ topic: 'changed', lists: ['models'] });
    },
  };
}

function endpointHash({ url, model }: Pick<Endpoint, 'url' | 'model'>): string {
  return createHash('sha256').update(`${url}\n${model}`).digest('hex');
}

/** A repository's own name says more than its snapshot's folder, which is called by the commit. */
function usualName(folder: string, source: HubSource | undefined): string {
  return source === undefined ? path.basename(folder) : source.repository.slice(source.repository.indexOf('/') + 1);
}

/** Whether the folder still holds what was hashed, as far as names and sizes tell. */
async function withState(root: string, model: ModelRecord): Promise<ModelRecord> {
  const folder = modelFolder(root, model);
  if (model.family === endpointFamily) {
    const isThere = await stat(path.join(folder, endpointFile)).catch(() => null);
    return { ...model, state: isThere === null ? 'missing' : 'present' };
  }
  const names = await (model.baseId === undefined ? weightFiles(folder) : adapterFiles(folder)).catch(
    (): string[] => [],
  );
  if (names.length === 0) return { ...model, state: 'missing' };
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
  const sizeBytes = sizes.reduce((sum, size) => sum + size, 0);
  return { ...model, state: sizeBytes === model.sizeBytes ? 'present' : 'changed' };
}

type Described = Pick<ModelRecord, 'path' | 'family' | 'parameters' | 'sizeBytes' | 'sha256'>;

async function describeFolder(
  root: string,
  folder: string,
  /** Of an adapter: the whole weights at the bottom of what it sits on. */
  under: ModelRecord | null,
  task: Task,
): Promise<Described & { notes: string[] }> {
  if (under === null) {
    const { family, files, parameters, notes } = await examineFolder(folder);
    return { ...(await describeFiles(root, folder, family, files, task)), parameters, notes };
  }
  if (!(await isAdapterFolder(folder))) {
    throw new WorkbenchError('bad-input', `${folder} holds no ${adapterConfigFile}: it is not an adapter.`, {
      remedy: 'Leave --base out for a whole model.',
    });
  }
  await readAdapter(folder);
  const underFolder = await requireFolder(modelFolder(root, under), `model “${under.name}”`);
  await checkAdapter(await loadModelConfig(openFolder(underFolder)), openFolder(folder));
  const files = [adapterConfigFile, adapterWeightsFile];
  const parameters = await parametersIn(path.join(folder, adapterWeightsFile));
  return { ...(await describeFiles(root, folder, under.family, files, task)), parameters, notes: [] };
}

async function examineFolder(folder: string): Promise<Examined> {
  if (await isAdapterFolder(folder)) {
    const named = await readAdapter(folder);
    throw new WorkbenchError(
      'bad-input',
      `${folder} is an adapter${named === null ? '' : ` of ${named}`}, not a whole model.`,
      {
        remedy: 'Import its model first, then the adapter with --base NAME.',
        place: { file: path.join(folder, adapterConfigFile) },
      },
    );
  }
  const family = await familyOf(folder);
  const files = await weightFiles(folder);
  const { parameters, notes } = await checkModelFiles(openFolder(folder));
  return { family, files, parameters, notes };
}

async function describeFiles(
  root: string,
  folder: string,
  family: string,
  files: readonly string[],
  task: Task,
): Promise<Omit<Described, 'parameters'>> {
  let sizeBytes = 0;
  for (const name of files) sizeBytes += (await stat(path.join(folder, name))).size;
  const sha256 = await hashModelFiles(folder, files, task);
  // Relative inside the workspace, so that it can be moved.
  const place = isInside(root, folder) ? path.relative(root, folder) : folder;
  return { path: place, family, sizeBytes, sha256 };
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}
