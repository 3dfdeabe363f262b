import type { ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { MergeFile, MergeRecipe } from '../../shared/domain/merging.ts';
import type { StudyPlace } from '../../shared/domain/studies.ts';
import { interpolationName, mergedName } from '../../shared/presentation/names.ts';
import type { Core } from '../core.ts';
import type { MadeModels } from '../models/made-models.ts';
import type { Task } from '../supervision/task.ts';
import { removeInside } from '../workspace/inside.ts';
import { freeName } from '../workspace/names.ts';
import type { Cell } from './cells.ts';
import { pointOf } from './points.ts';

/** How far each part of the weights goes where a merged path ends. */
type PathEnd = Pick<MergeRecipe, 'parts'> & { fraction: number };

/** Weights at a fraction of a run's path: interpolated, or with every part as far as a search found it should go. */
export async function makeBetween(
  core: Core,
  madeModels: MadeModels,
  { cell, run, fraction, end }: { cell: Cell; run: RunRecord; fraction: number; end: PathEnd | null },
  task: Task,
): Promise<ModelRecord> {
  const known = await core.store.listModels();
  if (end === null) {
    const name = freeName(known, interpolationName(fraction, 'base', run.name));
    return madeModels.interpolate(cell.model.id, run.id, fraction, name, task);
  }
  return merged(
    madeModels,
    {
      ...lineOf(cell, run, freeName(known, mergedName(String(cell.spec['name']), fraction))),
      fraction: end.fraction * fraction,
      parts: end.parts.map((part) => ({ ...part, fraction: part.fraction * fraction })),
    },
    task,
  );
}

/**
 * Searches how far each part of a run goes, once: what was found stays as the recipe of a model without weights. The end of the path
 * has its proportions, stretched until the part that goes farthest goes all the way.
 */
export async function searchedEnd(
  { store, layout }: Core,
  madeModels: MadeModels,
  { studyId, place, cell, run }: { studyId: string; place: StudyPlace; cell: Cell; run: RunRecord },
  task: Task,
): Promise<PathEnd> {
  const { merge } = cell;
  if (merge === undefined) throw new WorkbenchError('internal', `“${place.method}” searches for nothing.`);
  const point = pointOf({ ...place, fraction: 1 }, { part: 'search' });
  let model = await store.getModel((await store.studyPoints(studyId))[point] ?? '');
  if (model === null) {
    const line = lineOf(cell, run, freeName(await store.listModels(), String(cell.spec['name'])));
    model = await merged(madeModels, { ...line, fraction: merge.from, parts: [], search: merge.search }, task);
    await store.setStudyPoint(studyId, point, model.id);
    await removeInside(layout.root, model.path);
  }
  const parts = model.recipe?.parts ?? [];
  const farthest = Math.max(merge.from, ...parts.map(({ fraction }) => fraction));
  return {
    fraction: merge.from / farthest,
    parts: parts.map((part) => ({ ...part, fraction: part.fraction / farthest })),
  };
}

function lineOf(cell: Cell, run: RunRecord, name: string): Pick<MergeFile, 'name' | 'method' | 'base' | 'models'> {
  return { name, method: 'linear', base: cell.model.id, models: [run.id] };
}

async function merged(madeModels: MadeModels, file: MergeFile, task: Task): Promise<ModelRecord> {
  const [model] = await madeModels.merge(file, task);
  if (model === undefined) throw new WorkbenchError('internal', 'A merge made no model.');
  return model;
}
