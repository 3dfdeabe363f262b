import { z } from 'zod';

/**
 * What makes a sample a flip (method.md §4). The rule is part of a comparison's identity: two comparisons of the same
 * evaluations under different rules are different comparisons, and the rule is printed with every number.
 */
export const directionSchema = z.enum(['higher', 'lower']).describe('Which scores are better.');
const finite = z.number();

export const ruleSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('verdict'),
    ties: z.enum(['excluded', 'wrong', 'right']).default('excluded').describe('What a tie counts as.'),
  }),
  z.strictObject({
    kind: z.literal('margin'),
    tau: finite.min(0).describe('A score that falls by more than this is a negative flip.'),
    direction: directionSchema.default('higher'),
  }),
  z.strictObject({
    kind: z.literal('threshold'),
    threshold: finite.describe('A score at least this good is right.'),
    direction: directionSchema.default('higher'),
  }),
]);
export type Rule = z.output<typeof ruleSchema>;
export type Direction = z.output<typeof directionSchema>;
