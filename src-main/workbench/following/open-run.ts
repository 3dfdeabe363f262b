import { trainLabel } from '../../shared/domain/train-sources.ts';
import { randomUUID } from 'node:crypto';
import { readFile, realpath, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ownSpecFile } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { DatasetRecord, ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import type { WithPlainIds } from '../../shared/domain/ids.ts';
import type { RunOrigin } from '../../shared/domain/run-origin.ts';
import { runSpecSchema } from '../../shared/domain/run-spec.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import type { Core } from '../core.ts';
import type { Models } from '../models/models.ts';
import { modelFolder } from '../models/weights.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { Task } from '../supervision/task.ts';
import { removeInside } from '../workspace/inside.ts';
import { findByName, findByNameOrNull, freeName, refuseTakenName } from '../workspace/names.ts';
import { describedSpec } from './described-spec.ts';
import { makeFolder } from '../../system/folders.ts';

export interface ForeignRunOptions {
  name?: string | undefined;
  /** The model that the training began with: a name or id, or a folder of weights. */
  base?: string | undefined;
  /** The dataset that it trains on, where the workspace has it. */
  dataset?: string | undefined;
  /** Suites that its checkpoints are evaluated on while it is watched. */
  suites?: readonly string[] | undefined;
}

/** The run of a trainer’s folder: the one that was imported before, or a new one; what is known of it is brought up to date. */
export async function openForeignRun(
  { core, models }: { core: Core; models: Models },
  found: TrainerFolder,
  options: ForeignRunOptions,
  task: Task,
): Promise<RunRecord> {
  const folder = await realpath(found.folder);
  const runs = await core.store.listRuns();
  const known = runs.find(({ origin, name }) => origin?.folder === folder && (options.name ?? name) === name);
  if (options.name !== undefined && known === undefined) refuseTakenName('run', runs, options.name);
  const base = await findBase({ core, models }, found, options.base, task);
  const dataset = await findDataset(core, options.dataset);
  const name = known?.name ?? options.name ?? freeName(runs, path.basename(folder));
  const ownSpec = await readOwnSpec(folder);
  const origin: RunOrigin = {
    tool: ownSpec === null ? found.tool : 'flipguard',
    version: found.version,
    folder,
    method: ownSpec === null ? found.method : ownSpec.algorithm.kind,
    base: found.base,
  };
  const modelId = base?.id ?? known?.modelId ?? elsewhere;
  const datasetId = dataset?.id ?? known?.datasetId ?? elsewhere;
  const model =
    base?.name ?? (known !== undefined && known.modelId !== elsewhere ? known.spec.model : (found.base ?? elsewhere));
  const trained =
    dataset?.name ?? (known !== undefined && known.datasetId !== elsewhere ? trainLabel(known.spec) : null);
  const suites = options.suites ?? known?.spec.evaluate.suites ?? [];
  const spec =
    ownSpec === null ? describedSpec(found, { name, model, dataset: trained, suites }) : { ...ownSpec, name };
  const description = { modelId, datasetId, spec, totalSteps: found.maxSteps ?? spec.steps ?? null, origin };
  const run =
    known === undefined ? await addRun(core, name, description) : await core.store.describeRun(known.id, description);
  if (modelId !== elsewhere) await noteInputs(core, run);
  core.bus.publish({ topic: 'changed', lists: ['runs'] });
  return run;
}

type Description = WithPlainIds<Pick<RunRecord, 'modelId' | 'datasetId' | 'spec' | 'totalSteps'>> & {
  origin: RunOrigin;
};

async function addRun(core: Core, name: string, description: Description): Promise<RunRecord> {
  const id = randomUUID();
  const folder = path.join('runs', id);
  const files = runFolder(core.layout, { folder });
  await makeFolder(files.path);
  try {
    await writeFile(files.file('spec'), JSON.stringify(description.spec, null, 2));
    return await core.store.addRun({
      ...description,
      id,
      name,
      status: 'queued',
      guardSetId: null,
      parentRunId: null,
      relation: null,
      sweepId: null,
      folder,
      tags: [],
      note: '',
    });
  } catch (error) {
    await removeInside(core.layout.runs, id);
    throw error;
  }
}

/** What an evaluation of its adapters and pairs starts from. */
async function noteInputs(core: Core, run: RunRecord): Promise<void> {
  await runFolder(core.layout, run).writeInputs({
    model: { kind: 'model', id: run.modelId },
    rewardModel: null,
    datasetId: run.datasetId,
    guardSetId: null,
    suiteIds: [],
  });
}

async function findDataset(core: Core, named: string | undefined): Promise<DatasetRecord | null> {
  return named === undefined ? null : findByName('dataset', await core.store.listDatasets(), named);
}

/** The model that was named, else the one that the trainer’s own word stands for: by place, by name on the Hub, or a folder there. */
async function findBase(
  { core, models }: { core: Core; models: Models },
  found: TrainerFolder,
  named: string | undefined,
  task: Task,
): Promise<ModelRecord | null> {
  const known = await core.store.listModels();
  if (named !== undefined) {
    const model = findByNameOrNull('model', known, named);
    if (model !== null) return model;
    if (await isModelFolder(named)) return models.add(path.resolve(named), {}, task);
    return findByName('model', known, named);
  }
  const { base } = found;
  if (base === null) return null;
  const folder = path.resolve(base);
  const match = known.find(
    (model) =>
      model.baseId === undefined &&
      (model.source?.repository === base || path.resolve(modelFolder(core.layout.root, model)) === folder),
  );
  if (match !== undefined) return match;
  return path.isAbsolute(base) && (await isModelFolder(base)) ? models.add(base, {}, task) : null;
}

async function isModelFolder(folder: string): Promise<boolean> {
  return stat(path.join(folder, 'config.json')).then(
    (file) => file.isFile(),
    () => false,
  );
}

/** A run folder of this program from another machine says its spec itself. */
async function readOwnSpec(folder: string): Promise<RunSpec | null> {
  const file = path.join(folder, ownSpecFile);
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return runSpecSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new WorkbenchError('bad-input', `${file} is not a run spec of this version.`, {
      remedy:
        'Export the run’s workspace with the version that wrote it, or move spec.json away to import checkpoints and curves alone.',
      place: { file },
      cause,
    });
  }
}
