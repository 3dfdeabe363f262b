import type { ModelRecord } from '../domain/entities.ts';

/** What a list says of a model's files. Weights that were made here are removed; those of somebody else are somewhere else. */
export function modelStateText({ state, origin, recipe }: Pick<ModelRecord, 'state' | 'origin' | 'recipe'>): string {
  if (state !== 'missing') return state;
  const isMadeHere = recipe !== undefined || origin === 'interpolated' || origin === 'merged';
  return isMadeHere ? 'weights removed' : 'missing';
}
