import { z } from 'zod';

/** A program of a person’s own that judges answers or rewards responses: JSON lines in, JSON lines out. */
export const programSchema = z.strictObject({
  kind: z.literal('command'),
  command: z
    .array(z.string().min(1))
    .min(1)
    .describe('The program and its arguments, as [python, score.py]; no shell reads it.'),
  folder: z.string().min(1).optional().describe('Where it is started; the current folder by default.'),
  timeoutSeconds: z
    .number()
    .positive()
    .optional()
    .describe('How long it may be silent while answers are due; 60 by default.'),
  batch: z.number().int().positive().optional().describe('Lines that it is given at a time; 32 by default.'),
});
export type Program = z.output<typeof programSchema>;
