import { existsSync } from 'node:fs';
import type { RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import type { StudyPlace } from '../../shared/domain/studies.ts';
import { evaluateSuites } from '../comparing/evaluate-suites.ts';
import type { Core } from '../core.ts';
import type { MadeModels } from '../models/made-models.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { inside, removeInside } from '../workspace/inside.ts';
import type { Cell } from './cells.ts';
import type { FoundSplit } from './check-study.ts';
import { pointOf, startOf } from './points.ts';
import { makeBetween, searchedEnd } from './weights-between.ts';

interface Path {
  studyId: string;
  split: FoundSplit;
  cell: Cell;
  run: RunRecord;
  phase: StudyPlace['phase'];
}

/** Evaluates a run's path from the old weights to its own on the suites of a split: what is missing of it. */
export async function measurePath(
  core: Core,
  { madeModels }: { madeModels: MadeModels },
  { studyId, split, cell, run, phase }: Path,
  task: Task,
): Promise<void> {
  const { store } = core;
  const suites = [...split.flips, split.sampledReward, ...(split.greedyReward === null ? [] : [split.greedyReward])];
  const known = new Map(Object.entries(await store.studyPoints(studyId)));
  const places = [0, ...cell.fractions, 1];

  /** What is missing at a place, in one load of its weights. */
  async function measured(place: StudyPlace): Promise<void> {
    const missing: SuiteRecord[] = [];
    for (const suite of suites) {
      const there = known.get(pointOf(place, { suite: suite.name }));
      if (there === undefined || (await store.getEvaluation(there)) === null) missing.push(suite);
    }
    if (missing.length === 0) return;
    throwIfCancelled(task);
    // The distance is told along what the old model says, so once, where answers are sampled.
    const klFrom = place.fraction === 0 ? null : { weights: cell.model.id, suiteIds: [split.sampledReward.id] };
    const onDone = (suite: SuiteRecord, id: string) =>
      store.setStudyPoint(studyId, pointOf(place, { suite: suite.name }), id);
    const weights = await weightsAt(place);
    await evaluateSuites(core, weights.id, missing, { klFrom, onDone }, task);
    if (weights.folder !== null) await removeInside(core.layout.root, weights.folder);
  }

  /** Between the ends they are made for the measurement: the model's entry stays with its recipe, its weights do not. */
  async function weightsAt(place: StudyPlace): Promise<{ id: string; folder: string | null }> {
    if (place.fraction === 0) return { id: cell.model.id, folder: null };
    if (place.fraction === 1 && cell.merge === undefined) return { id: run.id, folder: null };
    const point = pointOf(place, { part: 'weights' });
    const there = await store.getModel(known.get(point) ?? '');
    if (there !== null && existsSync(inside(core.layout.root, there.path))) return { id: there.id, folder: there.path };
    const end =
      cell.merge === undefined ? null : await searchedEnd(core, madeModels, { studyId, place, cell, run }, task);
    const { id, path } = await makeBetween(core, madeModels, { cell, run, fraction: place.fraction, end }, task);
    await store.setStudyPoint(studyId, point, id);
    known.set(point, id);
    return { id, folder: path };
  }

  for (const [i, fraction] of places.entries()) {
    const at = { ...cell.place, phase, fraction };
    const place = fraction === 0 ? startOf(at) : at;
    partOf(task, i / places.length, 1).progress(`measuring ${run.name}`, 0);
    await measured(place);
  }
}
