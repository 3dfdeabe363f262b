import { z } from 'zod';

/** How many outputs fall by sampling alone: a part of `comparisonSummarySchema`. */
export const outputFloorSchema = z.object({
  /** Samples counted that the old model answered twice over. */
  n: z.number(),
  /** Share of them whose second answer by the old model is worse than its first: A/A. */
  nfr: z.number(),
  low: z.number(),
  high: z.number(),
  /** Negative flips beyond the floor, of the same samples: their NFR less the floor, with Bonett and Price's interval. */
  excess: z.object({ value: z.number(), low: z.number(), high: z.number() }),
  level: z.number(),
});
export type OutputFloor = z.output<typeof outputFloorSchema>;
