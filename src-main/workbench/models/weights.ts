import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CheckpointRecord, ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { endpointFamily } from '../../shared/domain/endpoints.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { WeightsPlace } from '../../shared/domain/jobs.ts';
import { hashWeights } from '../../trainer/checkpoint-folder.ts';
import type { Core } from '../core.ts';
import { existing, findByName, findByNameOrNull } from '../workspace/names.ts';
import { inside, refuseLinksIn } from '../workspace/inside.ts';
import { runFolder } from '../runs/run-folder.ts';
import { bringIfElsewhere } from '../sites/bring.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import type { Task } from '../supervision/task.ts';
import { quietTask } from '../supervision/task.ts';
import { weightsName } from '../../shared/presentation/names.ts';
import { adapterFiles, hashModelFiles, weightFiles } from './folder-files.ts';

/** Something with weights: a model, or a checkpoint of a run. */
export type Weights =
  | { kind: 'model'; model: ModelRecord; label: string }
  | { kind: 'checkpoint'; checkpoint: CheckpointRecord; run: RunRecord; label: string };

/**
 * What a person means by weights: a model by name or id, a checkpoint by id, a run (its newest checkpoint), or a run at a
 * step, written `RUN@STEP`.
 */
export async function findWeights(core: Core, text: string): Promise<Weights> {
  const { store } = core;
  const model = findByNameOrNull('model', await store.listModels(), text);
  if (model !== null) return { kind: 'model', model, label: model.name };
  const runs = await store.listRuns();
  const checkpoint = await store.getCheckpoint(text);
  if (checkpoint !== null) return checkpointWeights(checkpoint, runs);
  return runWeights(core, runs, text);
}

async function runWeights(core: Core, runs: readonly RunRecord[], text: string): Promise<Weights> {
  const whole = findByNameOrNull('run', runs, text);
  const at = whole === null ? /^(.+)@(\d+)$/.exec(text) : null;
  const run = whole ?? findRun(runs, at?.[1] ?? text, text);
  const checkpoints = await core.store.listCheckpoints(run.id);
  const step = at === null ? Math.max(...checkpoints.map((checkpoint) => checkpoint.step)) : Number(at[2]);
  const found = checkpoints.find((checkpoint) => checkpoint.step === step);
  if (found !== undefined) return checkpointWeights(found, runs);
  const steps = checkpoints.map((checkpoint) => checkpoint.step).sort((a, b) => a - b);
  throw new WorkbenchError(
    'not-found',
    `Run “${run.name}” has no checkpoint${at === null ? '' : ` at step ${step}`}.`,
    {
      remedy: steps.length === 0 ? 'Give the run checkpoint.every.' : `It has steps ${steps.join(', ')}.`,
    },
  );
}

function findRun(runs: readonly RunRecord[], name: string, text: string): RunRecord {
  try {
    return findByName('run', runs, name);
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'not-found') throw error;
    throw new WorkbenchError('not-found', `There is no model, run or checkpoint “${text}”.`, {
      remedy: 'Choose one from flipguard list models, list runs or list checkpoints.',
    });
  }
}

function checkpointWeights(checkpoint: CheckpointRecord, runs: readonly RunRecord[]): Weights {
  const run = runs.find(({ id }) => id === checkpoint.runId);
  if (run === undefined) throw new WorkbenchError('corrupt', `Checkpoint ${checkpoint.id} belongs to no run.`);
  return { kind: 'checkpoint', checkpoint, run, label: weightsName(run.name, checkpoint.step) };
}

/** Weights are compared with their record whenever they are used: a flipped bit would be measured as if it were the model's doing. */
async function requireSound(folder: string, checkpoint: CheckpointRecord, label: string): Promise<void> {
  if ((await hashWeights(folder)) === checkpoint.sha256) return;
  throw new WorkbenchError('corrupt', `Checkpoint ${label} is damaged: its sha256 does not match what was recorded.`, {
    remedy: 'Use another checkpoint of the run; resuming the run continues from the last sound one.',
    place: { file: folder },
  });
}

/** Folders whose weights were found as recorded, with what the system said of their files then: a form asks again with each edit. */
const unchanged = new Map<string, string>();
/** Reading this many bytes takes long enough to be told. */
const toldBytes = 1e9;

/** An imported model lies where somebody else may train into the same folder. */
async function requireUnchanged(folder: string, model: ModelRecord, task: Task): Promise<void> {
  const names = await (model.baseId === undefined ? weightFiles(folder) : adapterFiles(folder));
  const stats = await Promise.all(names.map((name) => stat(path.join(folder, name), { bigint: true })));
  const said = stats.map(({ ino, size, mtimeNs, ctimeNs }, i) => [names[i], ino, size, mtimeNs, ctimeNs].join(' '));
  const stamp = [model.sha256, ...said].join('\n');
  if (unchanged.get(folder) === stamp) return;
  if (model.sizeBytes > toldBytes) task.progress('checking the weights', null);
  if ((await hashModelFiles(folder, names, quietTask(task.signal))) === model.sha256) {
    unchanged.set(folder, stamp);
    return;
  }
  throw new WorkbenchError(
    'corrupt',
    `Model “${model.name}” has changed: its sha256 does not match what was recorded.`,
    {
      remedy: `Bring its files back, or import ${folder} again under another name. Results that were made with it stay as they are.`,
      place: { file: folder },
    },
  );
}

/** Weights as they are on disk. */
type Lying =
  | { kind: 'whole'; path: string }
  | {
      kind: 'adapter';
      adapterPath: string;
      /** Its base, merged itself where that is an adapter. */
      basePath: () => Promise<string>;
      /** Where the cache keeps the two as whole weights, once they were merged. */
      mergedPath: string;
      foreign: boolean;
    };

async function lyingOf(core: Core, weights: Weights, task: Task): Promise<Lying> {
  if (weights.kind === 'model' && weights.model.family === endpointFamily) throw noWeights(weights.model);
  if (weights.kind === 'model') return lyingModel(core, weights.model, task);
  const { checkpoint, run } = weights;
  const isForeign = run.origin !== undefined && run.origin !== null;
  const folder = await (isForeign ? foreignFolder(checkpoint, run) : ownCheckpointFolder(core, weights, task));
  await requireSound(folder, checkpoint, weights.label);
  if (checkpoint.kind === 'full') return { kind: 'whole', path: folder };
  const mergedPath = inside(core.layout.cache, 'merged', checkpoint.sha256);
  const basePath = () => baseFolder(core, run, task);
  return { kind: 'adapter', adapterPath: folder, basePath, mergedPath, foreign: isForeign };
}

/** A model's own folder; of an adapter that was imported, that of PEFT. */
async function lyingModel(core: Core, model: ModelRecord, task: Task): Promise<Lying> {
  const folder = await modelFolderThere(core, model);
  await requireUnchanged(folder, model, task);
  if (model.baseId === undefined) return { kind: 'whole', path: folder };
  const base = existing('model', await core.store.getModel(model.baseId), model.baseId);
  const mergedPath = inside(core.layout.cache, 'merged', `${model.sha256.slice(0, 32)}-${base.sha256.slice(0, 32)}`);
  const basePath = async () => mergedFolder(core, await lyingModel(core, base, task), task);
  return { kind: 'adapter', adapterPath: folder, basePath, mergedPath, foreign: true };
}

/** A folder with whole weights: an adapter is merged into its base once and kept in the cache. */
export async function weightsFolder(core: Core, weights: Weights, task: Task): Promise<string> {
  return mergedFolder(core, await lyingOf(core, weights, task), task);
}

async function mergedFolder(core: Core, lying: Lying, task: Task): Promise<string> {
  if (lying.kind === 'whole') return lying.path;
  const { adapterPath, mergedPath, foreign } = lying;
  if (await exists(path.join(mergedPath, 'config.json'))) return mergedPath;
  const paths = { modelPath: await lying.basePath(), adapterPath, outPath: mergedPath };
  await runTrainerJob(core, { kind: 'merge', ...paths, ...(foreign ? { foreign } : {}) }, task);
  return mergedPath;
}

/**
 * Where the weights of one job are. An adapter whose base the job loads too, for another target or from a folder of `alsoLoaded`, stays an
 * adapter, so that the base is loaded once; any other is whole weights.
 */
export async function weightsPlaces(
  core: Core,
  targets: readonly Weights[],
  task: Task,
  alsoLoaded: readonly string[] = [],
): Promise<WeightsPlace[]> {
  const lying: { one: Lying; base: string | null }[] = [];
  for (const target of targets) {
    const one = await lyingOf(core, target, task);
    lying.push({ one, base: await baseOf(one) });
  }
  const loaded = [...alsoLoaded, ...lying.map(({ base }) => base)];
  const places: WeightsPlace[] = [];
  for (const { one, base } of lying) {
    const isShared = base !== null && loaded.filter((path) => path === base).length > 1;
    if (one.kind === 'adapter' && isShared) places.push({ path: base, adapterPath: one.adapterPath });
    else places.push({ path: await mergedFolder(core, one, task) });
  }
  return places;
}

/** The folder of an adapter's base; null of whole weights. */
export async function adapterBase(core: Core, weights: Weights, task: Task): Promise<string | null> {
  const isAdapter =
    weights.kind === 'checkpoint' ? weights.checkpoint.kind !== 'full' : weights.model.baseId !== undefined;
  if (!isAdapter) return null;
  const lying = await lyingOf(core, weights, task);
  return lying.kind === 'adapter' ? lying.basePath() : null;
}

/** Null where the base is gone: what was merged before is enough then, and merging says what is missing. */
async function baseOf(one: Lying): Promise<string | null> {
  return one.kind === 'whole' ? one.path : one.basePath().catch(() => null);
}

async function ownCheckpointFolder(
  core: Core,
  { checkpoint, run, label }: Extract<Weights, { kind: 'checkpoint' }>,
  task: Task,
): Promise<string> {
  const folder = inside(core.layout.root, checkpoint.path);
  if (!(await exists(folder))) await bringIfElsewhere(core, run, checkpoint.step, task);
  await requireFolder(folder, `checkpoint ${label}`);
  await refuseLinksIn(folder);
  return folder;
}

/** Weights of another trainer stay where it wrote them, as imported models do; trainers delete old ones as they continue. */
async function foreignFolder(checkpoint: CheckpointRecord, run: RunRecord): Promise<string> {
  if (await exists(checkpoint.path)) return checkpoint.path;
  const label = weightsName(run.name, checkpoint.step);
  throw new WorkbenchError('not-found', `The checkpoint ${label} is not there any more: ${checkpoint.path}.`, {
    remedy:
      'Its trainer deletes old checkpoints (save_total_limit), or somebody moved it. Use another one, or put it back.',
    place: { file: checkpoint.path },
  });
}

/** What an evaluation runs on: weights, or the folder that stands for a server. `alsoLoaded`: folders that it loads besides. */
export async function evaluatedPlace(
  core: Core,
  weights: Weights,
  alsoLoaded: readonly string[],
  task: Task,
): Promise<WeightsPlace> {
  if (weights.kind === 'model' && weights.model.family === endpointFamily)
    return { path: await modelFolderThere(core, weights.model) };
  const [place] = await weightsPlaces(core, [weights], task, alsoLoaded);
  return place ?? { path: '' };
}

function noWeights({ name }: ModelRecord): WorkbenchError {
  return new WorkbenchError('unsupported', `“${name}” is a model behind a server: its weights are not here.`, {
    remedy: 'It can be evaluated. For the rest, import its folder of weights.',
  });
}

/** Where the policy of a run started: what the name in its spec stood for at launch. */
export async function baseFolder(core: Core, run: RunRecord, task: Task): Promise<string> {
  if (run.modelId === elsewhere) {
    const { base = null, folder = '' } = run.origin ?? {};
    const named = base === null ? '' : ` (its trainer calls it ${base})`;
    throw new WorkbenchError(
      'not-found',
      `The model that “${run.name}” started from is not in the workspace${named}.`,
      {
        remedy: `Import it, then say which it is: flipguard import run ${folder} --base NAME.`,
      },
    );
  }
  const { model } = await runFolder(core.layout, run).readInputs();
  return weightsFolder(core, await findWeights(core, model.id), task);
}

/** Imported models stay where they are; those that are in the workspace are kept relative to it and may not lead out of it. */
export function modelFolder(root: string, model: { path: string }): string {
  return path.isAbsolute(model.path) ? model.path : inside(root, model.path);
}

/** @throws WorkbenchError `not-found` where the folder is gone. */
export async function requireFolder(
  folder: string,
  what: string,
  remedy = 'Put it back, or import the model again from where it is now.',
): Promise<string> {
  if (await exists(folder)) return folder;
  throw new WorkbenchError('not-found', `The folder of ${what} is gone: ${folder}.`, {
    remedy,
    place: { file: folder },
  });
}

/** The folder of a model. Weights between others are removed once a study has measured them; their recipe stays. */
function modelFolderThere({ layout }: Core, model: ModelRecord): Promise<string> {
  const again = model.recipe === undefined ? undefined : 'Merge it again: its page says what it was made of.';
  return requireFolder(modelFolder(layout.root, model), `model “${model.name}”`, again);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
