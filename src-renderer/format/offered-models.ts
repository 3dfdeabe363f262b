import type { ModelRecord } from '@shared/domain/entities.ts';

/** Models that can be run. One whose weights are gone stays listed, and is offered nowhere; an adapter needs its base too. */
export function offeredModels(models: readonly ModelRecord[]): ModelRecord[] {
  const byId = new Map<string, ModelRecord>(models.map((model) => [model.id, model]));
  function isHere({ state, baseId }: ModelRecord): boolean {
    if (state === 'missing') return false;
    if (baseId === undefined) return true;
    const base = byId.get(baseId);
    return base !== undefined && isHere(base);
  }
  return models.filter(isHere);
}
