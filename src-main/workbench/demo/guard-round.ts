import type { RunRecord } from '../../shared/domain/entities.ts';
import { freeName } from '../workspace/names.ts';
import { againstStart, usualRule } from '../runs/flip-meter.ts';
import { quietTask } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { Workbench } from '../workbench.ts';
import { guardSetWeight } from './settings.ts';
import { specOf, trainOne } from './training.ts';
import type { Recipe } from './training.ts';

export interface GuardedRun {
  guardSetId: string;
  runId: string;
}

/**
 * From flips to action, once: the words that DPO lost become a guard set, and DPO is relaunched with it. The run is no method next to
 * the others, since it is checked on words that it was held to; its ledger says what it repaired and what it broke.
 */
export async function guardRound(
  workbench: Workbench,
  recipe: Recipe,
  [dpo]: readonly RunRecord[],
  task: Task,
): Promise<GuardedRun | null> {
  const { core, comparisons } = workbench;
  if (dpo === undefined) return null;
  const evaluations = await core.store.listEvaluations({ runId: dpo.id });
  const ends = againstStart(evaluations).findLast(([, later]) => later.suiteName === recipe.material.suites.words);
  if (ends === undefined) return null;
  const [before, after] = ends;
  const comparison = await comparisons.ready(before.id, after.id, usualRule(before, after), quietTask(task.signal));
  if (comparison.counts.kinds.negative === 0) return null;
  const worstFirst = { column: 'delta', direction: 'ascending' } as const;
  const { viewId } = await core.store.openFlipView(comparison.id, { kinds: ['negative'] }, worstFirst);
  const guardSet = await core.store.addGuardSet({
    name: freeName(await core.store.listGuardSets(), `words that ${dpo.name} lost`),
    note: '',
    comparisonId: comparison.id,
    viewId,
  });
  core.bus.publish({ topic: 'changed', lists: ['guard-sets'] });
  const guard = { kind: 'flipguard', target: 'guard-set', guardSet: guardSet.name, weight: guardSetWeight } as const;
  const spec = specOf({ name: 'DPO + guard set', guard }, recipe);
  const run = await trainOne(workbench, spec, task, { parentRunId: dpo.id });
  return { guardSetId: guardSet.id, runId: run.id };
}
