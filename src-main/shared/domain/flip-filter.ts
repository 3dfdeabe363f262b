import { z } from 'zod';
import { flipSortColumns } from './flip-sort.ts';
import { flipKinds } from './flips.ts';
import { parseStatement } from './kinds/statements.ts';

/** An optional key is left out or has a value; it is never set to undefined. */
type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Inclusive; null = open end. */
const range = z.tuple([z.number().nullable(), z.number().nullable()]);
const texts = z.array(z.string().max(500)).max(200);

/** What narrows a flip list. Facets of one kind are or-ed, kinds of facets and-ed. */
export const flipFilterSchema = z.strictObject({
  kinds: z.array(z.enum(flipKinds)).max(20).optional(),
  slices: texts.optional(),
  tags: texts.optional(),
  labels: z.array(z.number().int().min(1).max(6)).max(6).optional(),
  reviewed: z.boolean().optional(),
  /** Samples of which a person corrected a verdict, or all others. */
  corrected: z.boolean().optional(),
  /** What the kinds of samples follow from; corrected verdicts count by default. */
  verdicts: z.literal('as-evaluated').optional(),
  /** Full text over prompts and outputs. */
  search: z.string().max(2000).optional(),
  searchMode: z.enum(['substring', 'word']).optional(),
  delta: range.optional(),
  /** Characters of the right output. */
  length: range.optional(),
  /** How often the guard fired on this sample in training. */
  firing: range.optional(),
  stability: z
    .array(z.enum(['solid', 'flaky']))
    .max(2)
    .optional(),
  /**
   * Kinds of change by name (`shared/domain/kinds`), own ones too; `refusal:gone` = of the old answer alone. They pass nothing before
   * they were found.
   */
  changes: texts.optional(),
  /** Statements that all hold (`shared/domain/kinds/statements.ts`): `change:refusal`, `prompt:not happy`, `prompt-length:120..300`, `judged:The answer apologises.`. */
  where: z
    .array(
      z
        .string()
        .max(500)
        .refine((text) => parseStatement(text) !== null, 'is no statement, such as prompt:WORDS or slice:NAME'),
    )
    .max(20)
    .optional(),
  /** Samples whose prompt a run of either side was trained on, or all others. */
  trained: z.enum(['only', 'without']).optional(),
});
export type FlipFilter = Given<z.output<typeof flipFilterSchema>>;

export const flipSortSchema = z.strictObject({
  column: z.enum(flipSortColumns),
  direction: z.enum(['ascending', 'descending']),
});
export type FlipSort = z.output<typeof flipSortSchema>;
