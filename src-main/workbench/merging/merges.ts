import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { loadModelConfig } from '../../engine/checkpoint/model-files.ts';
import type { ModelRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { MergeModelsJob } from '../../shared/domain/jobs.ts';
import { mostTrials, searchedParts } from '../../shared/domain/merging.ts';
import type { MergeFile, MergePart, MergeRecipe, MergeSearch, MergeSource } from '../../shared/domain/merging.ts';
import { mergedName } from '../../shared/presentation/names.ts';
import { openFolder } from '../../trainer/node-folders.ts';
import type { Core } from '../core.ts';
import type { Models } from '../models/models.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import { removeInside } from '../workspace/inside.ts';
import { findByName, refuseTakenName } from '../workspace/names.ts';
import { halvesOf, told } from './halves.ts';
import type { Halves } from './halves.ts';
import { measureFolder } from './measure.ts';
import { searchFractions } from './search.ts';

/** What is merged: names looked up, weights at hand. */
interface Material {
  base: Source;
  models: Source[];
}
interface Source {
  source: MergeSource;
  folder: string;
}

/** Makes the models of a merge file: one, or one for each fraction of a path. Each keeps its recipe. */
export async function mergeModels(core: Core, models: Models, file: MergeFile, task: Task): Promise<ModelRecord[]> {
  const fractions = [file.fraction].flat();
  const names = fractions.map((fraction) => (fractions.length === 1 ? file.name : mergedName(file.name, fraction)));
  const known = await core.store.listModels();
  for (const name of names) refuseTakenName('model', known, name);
  const material = await materialOf(core, file, task);
  const found = file.search === undefined ? null : await search(core, file, file.search, material, task);
  const made: ModelRecord[] = [];
  for (const [i, name] of names.entries()) {
    throwIfCancelled(task);
    const fraction = fractions[i] ?? 1;
    const recipe: MergeRecipe = {
      method: file.method,
      base: material.base.source,
      models: material.models.map(({ source }) => source),
      fraction,
      parts: found?.parts ?? file.parts,
      ...(found === null ? {} : { search: found.search }),
    };
    task.progress(`merging ${name}`, i / names.length);
    made.push(await makeModel(core, models, { name, recipe, material }, task));
  }
  return made;
}

async function materialOf(core: Core, file: MergeFile, task: Task): Promise<Material> {
  const sourceOf = async (text: string, weight: number): Promise<Source> => {
    const weights = await findWeights(core, text);
    return { source: { ...identity(weights), weight }, folder: await weightsFolder(core, weights, task) };
  };
  const models: Source[] = [];
  for (const one of file.models) {
    const { model, weight } = typeof one === 'string' ? { model: one, weight: 1 } : one;
    models.push(await sourceOf(model, weight));
  }
  return { base: await sourceOf(file.base, 0), models };
}

function identity(weights: Weights): Omit<MergeSource, 'weight'> {
  if (weights.kind === 'model') {
    return { kind: 'model', id: weights.model.id, label: weights.label, sha256: weights.model.sha256 };
  }
  const { checkpoint, run, label } = weights;
  return { kind: 'checkpoint', id: checkpoint.id, runId: run.id, label, sha256: checkpoint.sha256 };
}

async function makeModel(
  core: Core,
  models: Models,
  { name, recipe, material }: { name: string; recipe: MergeRecipe; material: Material },
  task: Task,
): Promise<ModelRecord> {
  const folder = randomUUID();
  const outPath = path.join(core.layout.models, folder);
  const isBetween = recipe.method === 'linear' && recipe.models.length === 1 && recipe.parts.length === 0;
  try {
    await runTrainerJob(core, { kind: 'merge-models', ...mergeOf(recipe, material), outPath }, task);
    return await models.add(outPath, { name, origin: isBetween ? 'interpolated' : 'merged', recipe }, task);
  } catch (error) {
    await removeInside(core.layout.models, folder);
    throw error;
  }
}

function mergeOf(
  { method, fraction, parts }: Pick<MergeRecipe, 'method' | 'fraction' | 'parts'>,
  { base, models }: Material,
): Omit<MergeModelsJob, 'kind' | 'outPath'> {
  const paths = models.map(({ folder, source }) => ({ path: folder, weight: source.weight }));
  return { method, fraction, parts, basePath: base.folder, models: paths };
}

/** Every setting that is tried is made in the cache, measured on the validation halves, and removed. */
async function search(
  core: Core,
  file: MergeFile,
  wanted: MergeSearch,
  material: Material,
  task: Task,
): Promise<{ parts: MergePart[]; search: NonNullable<MergeRecipe['search']> }> {
  const fraction = [file.fraction].flat()[0] ?? 1;
  const suites = await core.store.listSuites();
  const guard = requireAnswers(findByName('suite', suites, wanted.suite));
  const reward = wanted.reward === undefined ? null : requireAnswers(findByName('suite', suites, wanted.reward));
  const halves = await halvesOf(core, guard);
  const rewardHalves = reward === null ? null : await halvesOf(core, reward);
  const chosenBy = { guard: halves.validation, reward: rewardHalves?.validation ?? null };
  const { layers } = await loadModelConfig(openFolder(material.base.folder));
  const start = searchedParts(wanted, layers).map((part) => ({ ...part, fraction }));
  const most = mostTrials(wanted, start.length);
  task.progress('measuring the base', 0);
  const before = await measureFolder(
    core,
    { modelPath: material.base.folder },
    { ...chosenBy, reward: null },
    partOf(task, 0, 0.02),
  );
  if (before.verdicts.size === 0) throw noVerdicts(guard);
  const outcome = await searchFractions(wanted, start, before.verdicts, async (parts, done) => {
    throwIfCancelled(task);
    const part = partOf(task, 0.02 + (0.96 * done) / most, 0.02 + (0.96 * (done + 1)) / most);
    part.progress(`trying setting ${done + 1} of at most ${most}`, 0);
    return measureTrial(
      core,
      { method: file.method, fraction, parts: [...parts, ...file.parts] },
      material,
      chosenBy,
      part,
    );
  });
  const found = outcome.trials[outcome.best]?.parts ?? [];
  return { parts: [...found, ...file.parts], search: { ...toldOf(guard, halves, reward, rewardHalves), ...outcome } };
}

function toldOf(guard: SuiteRecord, halves: Halves, reward: SuiteRecord | null, rewardHalves: Halves | null) {
  return {
    suite: guard.name,
    validation: told(halves.validation),
    test: told(halves.test),
    reward:
      reward === null || rewardHalves === null
        ? null
        : { suite: reward.name, validation: told(rewardHalves.validation), test: told(rewardHalves.test) },
  };
}

async function measureTrial(
  core: Core,
  recipe: Pick<MergeRecipe, 'method' | 'fraction' | 'parts'>,
  material: Material,
  chosenBy: { guard: SuiteRecord; reward: SuiteRecord | null },
  task: Task,
) {
  const folder = `merge-trial-${randomUUID()}`;
  const outPath = path.join(core.layout.cache, folder);
  try {
    return await measureFolder(core, { modelPath: outPath, merged: mergeOf(recipe, material) }, chosenBy, task);
  } finally {
    await removeInside(core.layout.cache, folder);
  }
}

/** A suite whose items are answered by the weights alone. */
function requireAnswers(suite: SuiteRecord): SuiteRecord {
  if (suite.kind !== 'pairs') return suite;
  throw new WorkbenchError('unsupported', `Suite “${suite.name}” holds pairs: they are judged against a reference.`, {
    remedy: 'Search by a suite of words, cloze, choice or generate.',
    place: { field: 'search' },
  });
}

function noVerdicts(suite: SuiteRecord): WorkbenchError {
  return new WorkbenchError('bad-input', `Suite “${suite.name}” gives no verdicts: nothing on it can flip.`, {
    remedy: 'Search by a suite of words, cloze or choice, or one of generate whose scorer says right or wrong.',
    place: { field: 'search.suite' },
  });
}
