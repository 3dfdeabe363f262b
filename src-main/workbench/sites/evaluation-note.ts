import { readFile, readdir } from 'node:fs/promises';
import { z } from 'zod';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import type { SeenJob } from '../../shared/domain/sites.ts';
import { writeWhole } from '../../system/whole-file.ts';
import type { Task } from '../supervision/task.ts';
import { inside, removeInside } from '../workspace/inside.ts';
import type { WorkspaceLayout } from '../workspace/workspace-layout.ts';
import { makeFolder } from '../../system/folders.ts';

/** What an evaluation at a site will be here, once its results are. */
const headSchema = z.object({
  name: z.string(),
  suiteId: z.string(),
  modelId: z.string().nullable(),
  runId: z.string().nullable(),
  checkpointId: z.string().nullable(),
  step: z.number().nullable(),
});
export type EvaluationHead = z.infer<typeof headSchema>;

export interface SiteEvaluationRequest {
  site: string;
  /** The same for the same question: what a killed program asked is waited for, and not asked again. */
  asked: string;
  head: EvaluationHead;
  /** Made when it has to be submitted. */
  job(task: Task): Promise<EvaluateJob>;
  say?: ((sentence: string) => void) | undefined;
  /** Called whenever its job does something else. */
  onJob?: ((job: SeenJob) => void) | undefined;
}

/** What the workspace remembers of an evaluation that a site makes, until its results are here. */
const noteSchema = z.object({
  id: z.string(),
  site: z.string(),
  /** Its folder at the site. */
  folder: z.string(),
  /** The same for the same question: it is not asked twice. */
  asked: z.string(),
  head: headSchema,
  /** Weights that were placed at the site for it. */
  weights: z.array(z.string()),
  /** Null until Slurm has taken it. */
  jobId: z.string().nullable(),
  /** Why it came to nothing, where nobody waited to be told. */
  error: z.string().nullable(),
  createdAt: z.number(),
});
export type EvaluationNote = z.infer<typeof noteSchema>;

type Layout = Pick<WorkspaceLayout, 'atSites'>;

const files = { note: 'note.json', events: 'events.ndjson', owner: 'owner.lock' } as const;

export function noteFile({ atSites }: Layout, id: string, name: keyof typeof files): string {
  return inside(atSites, id, files[name]);
}

/** Those of the workspace. A folder whose note was never written stands for nothing. */
export async function listEvaluationNotes(layout: Layout): Promise<EvaluationNote[]> {
  const found: EvaluationNote[] = [];
  for (const id of await readdir(layout.atSites).catch(() => [])) {
    const text = await readFile(noteFile(layout, id, 'note'), 'utf8').catch(() => null);
    const parsed = text === null ? null : noteSchema.safeParse(safely(text));
    if (parsed?.success === true && parsed.data.id === id) found.push(parsed.data);
  }
  return found.sort((a, b) => a.createdAt - b.createdAt);
}

export async function makeNoteFolder({ atSites }: Layout, id: string): Promise<void> {
  await makeFolder(inside(atSites, id), 0o700);
}

export async function writeEvaluationNote(layout: Layout, note: EvaluationNote): Promise<void> {
  await makeNoteFolder(layout, note.id);
  await writeWhole(noteFile(layout, note.id, 'note'), JSON.stringify(note, null, 2));
}

export function removeEvaluationNote(layout: Layout, id: string): Promise<void> {
  return removeInside(layout.atSites, id);
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
