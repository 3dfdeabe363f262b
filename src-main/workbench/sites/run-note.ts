import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeWhole } from '../../system/whole-file.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { WorkspaceLayout } from '../workspace/workspace-layout.ts';

/** What a run's folder says about the site that has it. The rest is in the folder there. */
const noteSchema = z.object({
  site: z.string(),
  /** The run's folder at the site. */
  folder: z.string(),
  /** Which submission has it: one script and one job, an array where there are several runs. */
  submission: z.object({
    id: z.string(),
    name: z.string(),
    runIds: z.array(z.string()),
    atOnce: z.number().optional(),
  }),
  /** The newest event before this submission: an end up to there is an earlier one's. */
  afterSeq: z.number(),
  /** Null until Slurm has taken it. */
  jobId: z.string().nullable(),
});
export type RunNote = z.infer<typeof noteSchema>;

/** Null for a run of this machine. */
export async function readRunNote(
  layout: Pick<WorkspaceLayout, 'root'>,
  run: { folder: string },
): Promise<RunNote | null> {
  const text = await readFile(runFolder(layout, run).file('site'), 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed = noteSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}

export function writeRunNote(
  layout: Pick<WorkspaceLayout, 'root'>,
  run: { folder: string },
  note: RunNote,
): Promise<void> {
  return writeWhole(runFolder(layout, run).file('site'), JSON.stringify(note, null, 2));
}

/** The run's task in Slurm's words; null before it was submitted. */
export function taskId({ jobId, submission }: RunNote, runId: string): string | null {
  if (jobId === null) return null;
  return submission.runIds.length === 1 ? jobId : `${jobId}_${submission.runIds.indexOf(runId)}`;
}
