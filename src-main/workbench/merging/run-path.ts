import type { ModelRecord, RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { drawnSuites } from '../../shared/domain/evaluations.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { interpolationName } from '../../shared/presentation/names.ts';
import { evaluateSuites } from '../comparing/evaluate-suites.ts';
import type { Core } from '../core.ts';
import type { MadeModels } from '../models/made-models.ts';
import { baseFolder } from '../models/weights.ts';
import { runFolder } from '../runs/run-folder.ts';
import { partOf } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { freeName } from '../workspace/names.ts';

/**
 * Models along the line from a run's start to its newest checkpoint, each evaluated on the suites that the run was, but for pairs: the
 * control that its checkpoints are held against. What an earlier call made is used again.
 */
export async function interpolateRun(
  core: Core,
  madeModels: MadeModels,
  run: RunRecord,
  fractions: readonly number[],
  task: Task,
): Promise<ModelRecord[]> {
  const { store } = core;
  // Says what is missing where the start is not in the workspace.
  if (run.modelId === elsewhere) await baseFolder(core, run, task);
  const base = (await runFolder(core.layout, run).readInputs()).model.id;
  const newest = (await store.listCheckpoints(run.id)).sort((a, b) => b.step - a.step)[0];
  if (newest === undefined || newest.step === 0) {
    throw new WorkbenchError('not-found', `Run “${run.name}” has no checkpoint to interpolate to.`, {
      remedy: 'Let it train to its end, or give the spec checkpoint.every.',
    });
  }
  const suites = await suitesOf(core, run);
  const made: ModelRecord[] = [];
  for (const [i, fraction] of fractions.entries()) {
    const part = partOf(task, i / fractions.length, (i + 1) / fractions.length);
    const there = (await store.listModels()).find((model) => isAt(model, base, newest.id, fraction));
    const name = freeName(await store.listModels(), interpolationName(fraction, 'base', run.name));
    part.progress(there?.name ?? name, 0);
    const model = there ?? (await madeModels.interpolate(base, newest.id, fraction, name, part));
    made.push(model);
    const done = new Set((await store.listEvaluations()).filter((one) => one.modelId === model.id).map(suiteIdOf));
    const missing = suites.filter(({ id }) => !done.has(id));
    const sampled = drawnSuites(missing).map(({ id }) => id);
    const klFrom = sampled.length === 0 ? null : { weights: base, suiteIds: sampled };
    await evaluateSuites(core, model.id, missing, { klFrom, onDone: async () => {} }, part);
  }
  return made;
}

function suiteIdOf({ suiteId }: { suiteId: string | null }): string | null {
  return suiteId;
}

function isAt({ recipe, state }: ModelRecord, base: string, target: string, fraction: number): boolean {
  if (recipe === undefined || state !== 'present' || recipe.models.length !== 1 || recipe.parts.length > 0)
    return false;
  return recipe.base.id === base && recipe.models[0]?.id === target && recipe.fraction === fraction;
}

/** What the run was evaluated on; pairs are judged against a reference, which weights in between have none of. */
async function suitesOf({ store }: Core, run: RunRecord): Promise<SuiteRecord[]> {
  const ids = new Set((await store.listEvaluations()).filter(({ runId }) => runId === run.id).map(suiteIdOf));
  return (await store.listSuites()).filter(({ id, kind }) => ids.has(id) && kind !== 'pairs');
}
