import { z } from 'zod';
import { flipKinds } from '../flips.ts';
import type { FlipRow } from '../flip-view.ts';

/**
 * One sample of a comparison with whole texts: the row of `flips --json`, of every row export, and of a report's list.
 */
const verdict = z.enum(['right', 'wrong', 'tie']).nullable();
/** JSON knows no infinity: a score of −∞ (a log-prob) becomes null. */
const score = z.number().nullable();
const side = z.object({ output: z.string().nullable(), score, verdict });

export const reportRowSchema = z.object({
  sampleId: z.string(),
  prompt: z.string().nullable(),
  /** Of a preference pair the chosen response. */
  target: z.string().nullable(),
  /** Of a preference pair the rejected response, and absent elsewhere: its sides have no output, and their scores are margins. */
  rejected: z.string().optional(),
  kind: z.enum(flipKinds),
  /** Right score minus left, in the direction of goodness. */
  delta: score,
  left: side,
  right: side,
  slices: z.array(z.string()),
  tags: z.array(z.string()),
  /** What A/A repeats say of the flip; null without them. */
  stability: z.enum(['solid', 'flaky']).nullable(),
  note: z.string(),
  /** Kinds of change by name; absent in files of earlier versions. */
  changes: z.array(z.string()).optional(),
});
export type ReportRow = z.output<typeof reportRowSchema>;

/** A row as the store exports it. */
export type ExportedFlip = Omit<
  FlipRow,
  'sampleKey' | 'continues' | 'length' | 'firing' | 'label' | 'reviewed' | 'corrected' | 'noted'
> & {
  target: string | null;
  rejected: string | null;
  note: string;
};

export function reportRowOf(flip: ExportedFlip): ReportRow {
  return {
    sampleId: flip.sampleId,
    prompt: flip.prompt,
    target: flip.target,
    ...(flip.rejected === null ? {} : { rejected: flip.rejected }),
    kind: flip.kind,
    delta: finiteOrNull(flip.delta),
    left: { output: flip.leftOutput, score: finiteOrNull(flip.leftScore), verdict: flip.leftVerdict },
    right: { output: flip.rightOutput, score: finiteOrNull(flip.rightScore), verdict: flip.rightVerdict },
    slices: flip.slices,
    tags: flip.tags,
    stability: flip.stability,
    note: flip.note,
    ...(flip.changes.length === 0 ? {} : { changes: flip.changes }),
  };
}

function finiteOrNull(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}
