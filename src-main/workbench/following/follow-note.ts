import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeWhole } from '../../system/whole-file.ts';

/** What has been taken of a trainer’s folder, so that the next look takes the rest. Kept in the run’s own folder here. */
const noteSchema = z.strictObject({
  /** A hash of each step’s numbers, in order: where they change, the trainer went back and the record follows. */
  steps: z.array(z.strictObject({ step: z.number(), sum: z.string() })),
  /** Steps whose completions were taken. */
  completions: z.array(z.number()),
  /** Size and time of the weights by step, when they were hashed. */
  checkpoints: z.record(z.string(), z.string()),
  /** Sentences that were said once. */
  said: z.array(z.string()),
  /** Last event of the callback, or of a run folder of ours, that was taken. */
  eventsTaken: z.number(),
  /** Where the next one begins in their file, and what that file begins with: another file of this name is read from its beginning. */
  eventsNext: z.strictObject({ line: z.number(), byte: z.number() }).default({ line: 0, byte: 0 }),
  eventsHead: z.string().nullable().default(null),
});
export type FollowNote = z.infer<typeof noteSchema>;

const emptyNote: FollowNote = {
  steps: [],
  completions: [],
  checkpoints: {},
  said: [],
  eventsTaken: 0,
  eventsNext: { line: 0, byte: 0 },
  eventsHead: null,
};

/** A note that is lost or damaged means that everything is looked at again; the record itself drops what it has. */
export async function readFollowNote(file: string): Promise<FollowNote> {
  try {
    return noteSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return emptyNote;
  }
}

export async function writeFollowNote(file: string, note: FollowNote): Promise<void> {
  await writeWhole(file, JSON.stringify(note));
}
