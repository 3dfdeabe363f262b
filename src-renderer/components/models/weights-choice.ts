import type { CheckpointRecord, ModelRecord, RunRecord } from '@shared/domain/entities.ts';
import { endpointFamily } from '@shared/domain/endpoints.ts';
import { weightsName } from '@shared/presentation/names.ts';
import { offeredModels } from '../../format/offered-models.ts';

/** Weights that can answer a prompt: a model or a checkpoint, by a label that no other has. */
export interface WeightsChoice {
  id: string;
  label: string;
}

/** Models first, then checkpoints run by run, the newest first; those whose weights are here, which models behind a server are not. */
export function weightsChoices(
  models: readonly ModelRecord[],
  runs: ReadonlyMap<string, RunRecord>,
  checkpoints: readonly CheckpointRecord[],
): WeightsChoice[] {
  const all = [
    ...offeredModels(models)
      .filter(({ family }) => family !== endpointFamily)
      .map(({ id, name }) => ({ id: String(id), label: name })),
    ...checkpoints
      .filter(({ state }) => state !== 'missing')
      .sort((a, b) => b.createdAt - a.createdAt || b.step - a.step)
      .map(({ id, runId, step }) => ({ id: String(id), label: weightsName(runs.get(runId)?.name ?? 'run', step) })),
  ];
  const seen = new Set<string>();
  return all.map(({ id, label }) => {
    const own = seen.has(label) ? `${label} (${id.slice(-8)})` : label;
    seen.add(own);
    return { id, label: own };
  });
}
