import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import { defaultLevel } from '../../shared/domain/statistics/intervals.ts';
import type { OutputFloor } from '../../shared/domain/statistics/output-floor.ts';
import { floorOf } from '../../shared/domain/statistics/summarise.ts';
import type { Core } from '../core.ts';

/** How many outputs two samplings of the old side make worse, over the pairs of a comparison; null where it was not sampled twice. */
export async function outputFloorOf({ store }: Core, { id, rule }: ComparisonRecord): Promise<OutputFloor | null> {
  const repeated = await store.repeatedVectors(id, {});
  if (repeated === null) return null;
  const { kinds } = await store.flipVectors(id, {});
  return floorOf({ kinds }, repeated, rule, defaultLevel);
}
