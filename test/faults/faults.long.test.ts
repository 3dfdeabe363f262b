import { afterAll, beforeAll, expect, test } from 'vitest';
import { smallModel, withSmallModel } from '../helpers/workbench.ts';
import { make, someOf } from './faults.ts';
import { Material } from './journeys.ts';
import type { JourneyName } from './journeys.ts';
import { partsOf } from './parts.ts';
import type { PartName } from './parts.ts';

/**
 * A few of the faults that `npm run test:faults` puts in by the hundred. A seed draws which; each costs a run that is begun, struck
 * and gone on with.
 */
const some = [
  ['kill', 'train', 1],
  ['power', 'train', 1],
] as const satisfies readonly [PartName, JourneyName, number][];
const seed = 3;

let material: Material;
beforeAll(async () => {
  if (smallModel !== null) material = await Material.make();
});
afterAll(() => {
  if (smallModel !== null) material.remove();
});

test.skipIf(smallModel === null).each(some)(
  `%s in %s: what a fault interrupts continues as if nothing had happened${withSmallModel}`,
  async (part, journey, count) => {
    const [found] = await partsOf(part, material, { seed, kills: 20 }, [journey]);
    if (found === undefined) throw new Error(`there is no part ${part}`);
    expect(await make(someOf(found, count, seed), 1)).toEqual({
      name: found.name,
      tried: count,
      recovered: count,
      lost: [],
      skipped: 0,
    });
  },
);
