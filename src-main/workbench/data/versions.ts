import { needsCheck, whereOf } from '../../shared/domain/data/row-view.ts';
import type { VersionRecipe, VersionStep } from '../../shared/domain/data/row-view.ts';
import type { DatasetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { existing, refuseTakenName } from '../workspace/names.ts';
import { checkDataset } from './check-dataset.ts';

const rowsAtOnce = 2000;

/** Makes a version of a dataset: a dataset of its own with its recipe and its parent; the parent stays as it is. */
export async function makeVersion(
  core: Core,
  parent: DatasetRecord,
  { name, step, note }: { name: string; step: VersionStep; note?: string },
  task: Task,
): Promise<DatasetRecord> {
  const { store, bus } = core;
  refuseTakenName('dataset', await store.listDatasets(), name);
  const recipe = await recipeFor(core, parent, step, note, task);
  const places = await store.selectDatasetRows(parent.id, step);
  requireRows(parent, places.length);
  const ingest = await store.beginDataset({
    name,
    kind: parent.kind,
    import: null,
    version: { parentId: parent.id, recipe },
    ...(parent.licence === undefined ? {} : { licence: parent.licence }),
  });
  try {
    for (let from = 0; from < places.length; from += rowsAtOnce) {
      throwIfCancelled(task);
      task.progress('copying rows', from / places.length);
      await ingest.push(await store.datasetRowsAt(parent.id, [...places.subarray(from, from + rowsAtOnce)]));
    }
    const id = await ingest.commit();
    bus.publish({ topic: 'changed', lists: ['datasets'] });
    return existing('dataset', await store.getDataset(id), id);
  } catch (error) {
    await ingest.abandon();
    throw error;
  }
}

/** Makes a version again, of its parent or of another dataset: the check it rests on is made with the same settings. */
export async function replayVersion(
  core: Core,
  version: DatasetRecord,
  { name, on }: { name: string; on?: DatasetRecord | undefined },
  task: Task,
): Promise<{ made: DatasetRecord; same: boolean }> {
  const { recipe, parentId } = version;
  if (recipe === undefined || parentId === undefined) {
    throw new WorkbenchError('bad-input', `“${version.name}” is not a version: it has no recipe.`, {
      remedy: 'flipguard dataset history shows which datasets are.',
    });
  }
  const parent = on ?? (await core.store.getDataset(parentId));
  if (parent === null) {
    throw new WorkbenchError(
      'not-found',
      `The dataset that “${version.name}” was made of (“${recipe.parent.name}”) was deleted.`,
      {
        remedy: 'Name a dataset to use instead: --on NAME.',
      },
    );
  }
  if (recipe.check !== null) {
    const { model, maxLength, against } = recipe.check;
    const choice = { model: model ?? undefined, maxLength: maxLength ?? undefined, against };
    await checkDataset(core, parent, choice, task);
  }
  const note = recipe.note === undefined ? {} : { note: recipe.note };
  const made = await makeVersion(core, parent, { name, step: recipe.step, ...note }, task);
  return { made, same: made.sha256 === version.sha256 };
}

/** A step that asks for findings rests on the newest check, or on one that is made now, without a model. */
async function recipeFor(
  core: Core,
  parent: DatasetRecord,
  step: VersionStep,
  note: string | undefined,
  task: Task,
): Promise<VersionRecipe> {
  const { id, name, sha256, rows } = parent;
  const where = whereOf(step);
  const uses = where !== null && (needsCheck(where) || (where.tags ?? []).length > 0);
  const stored = uses
    ? ((await core.store.getDatasetCheck(id, null)) ?? (await checkDataset(core, parent, {}, task)))
    : null;
  const settings = stored?.check.settings;
  // What was marked, or is in a list of ids, is kept by id: marks change.
  const kept = where?.marked === true ? await withIds(core, parent, step) : step;
  return {
    step: kept,
    parent: { id, name, sha256, rows },
    check:
      settings === undefined
        ? null
        : {
            model: settings.model?.name ?? null,
            maxLength: settings.maxLength,
            against: settings.against.map((one) => one.name),
          },
    ...(note === undefined ? {} : { note }),
  };
}

async function withIds(core: Core, parent: DatasetRecord, step: VersionStep): Promise<VersionStep> {
  const where = whereOf(step);
  if (where === null) return step;
  const places = await core.store.selectDatasetRows(parent.id, { do: 'keep-only', where });
  const ids = (await core.store.datasetRowsAt(parent.id, [...places])).map((row) => row.id);
  return { do: step.do === 'leave-out' ? 'leave-out' : 'keep-only', where: { ids } };
}

function requireRows(parent: DatasetRecord, rows: number): void {
  if (rows === 0) {
    throw new WorkbenchError('bad-input', 'Nothing would be left: this step keeps no row.', {
      remedy: 'Select rows differently.',
    });
  }
  if (rows === parent.rows) {
    throw new WorkbenchError('bad-input', 'Nothing would change: this step keeps every row.', {
      remedy: 'Select rows differently; “check” counts the rows of each finding.',
    });
  }
}
