import type { StudyPlace } from '../../shared/domain/studies.ts';

/** What of a place is kept: its run, the weights between, the model that a search for its parts made, or its evaluation on a suite. */
export type StudyPart = { part: 'run' | 'weights' | 'search' } | { suite: string };

/** The name under which the store keeps a part of a study. */
export function pointOf(place: StudyPlace, part: StudyPart): string {
  const { phase, model, method, candidate, seed, fraction } = place;
  return JSON.stringify([
    phase,
    model,
    method,
    candidate,
    seed,
    fraction,
    'part' in part ? part.part : ['on', part.suite],
  ]);
}

/** The model before training, which all methods and seeds share. */
export function startOf({ phase, model }: Pick<StudyPlace, 'phase' | 'model'>): StudyPlace {
  return { phase, model, method: '', candidate: 0, seed: 0, fraction: 0 };
}

/** What `pointOf` wrote; null for what it did not. */
export function readPoint(point: string): { place: StudyPlace; part: StudyPart } | null {
  const parts: unknown = JSON.parse(point);
  if (!Array.isArray(parts)) return null;
  const [phase, model, method, candidate, seed, fraction, last] = parts as unknown[];
  if (phase !== 'validation' && phase !== 'test') return null;
  if (typeof model !== 'string' || typeof method !== 'string') return null;
  if (typeof candidate !== 'number' || typeof seed !== 'number' || typeof fraction !== 'number') return null;
  const place = { phase, model, method, candidate, seed, fraction } as const;
  if (last === 'run' || last === 'weights' || last === 'search') return { place, part: { part: last } };
  const suite: unknown = Array.isArray(last) ? last[1] : undefined;
  return typeof suite === 'string' ? { place, part: { suite } } : null;
}
