import { unslicedName } from '../../engine/guard/weights.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ObjectiveInputs } from './objective-inputs.ts';

/** Each slice has a λ and two curves of its own, and is learned from its few samples of a step alone. */
const mostSlices = 50;

/** The slice of each guarded sample, by id, where λ is learned per slice: the first of those that it is in. */
export function guardSlices(
  { job }: ObjectiveInputs,
  ids: readonly string[],
  slicesOf: ReadonlyMap<string, readonly string[] | undefined>,
): { slices?: string[] } {
  if (job.spec.guard.learnedWeight?.per !== 'slice') return {};
  const slices = ids.map((id) => slicesOf.get(id)?.[0] ?? unslicedName);
  const names = new Set(slices);
  const place = { field: 'guard.learnedWeight.per' };
  if (names.size === 1 && names.has(unslicedName)) {
    throw new WorkbenchError('bad-input', 'λ is to be learned per slice, and no guarded sample is in a slice.', {
      remedy: 'Give the rows tags (those of a guard suite: slices), or set guard.learnedWeight.per to run.',
      place,
    });
  }
  if (names.size > mostSlices) {
    throw new WorkbenchError(
      'bad-input',
      `λ is to be learned per slice, and the guarded samples are in ${names.size} slices; at most ${mostSlices} have a λ of their own.`,
      { remedy: 'The first tag of a row is its slice: make it one that many rows share.', place },
    );
  }
  return { slices };
}

/** Rows with their tags. */
export function tagsById(rows: readonly { id: string; tags?: readonly string[] }[]) {
  return new Map(rows.map(({ id, tags }) => [id, tags]));
}
