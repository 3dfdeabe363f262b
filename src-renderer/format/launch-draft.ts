import { z } from 'zod';

/** What was typed into the launch form and not started yet. */
const draftSchema = z.object({
  yaml: z.string(),
  axes: z.array(z.object({ path: z.string(), values: z.string() })),
});
export type LaunchDraft = z.output<typeof draftSchema>;

/** Null where nothing is kept, or what is kept cannot be read. */
export function readDraft(key: string): LaunchDraft | null {
  const text = localStorage.getItem(key);
  if (text === null) return null;
  try {
    return draftSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Keeps a draft; one that says nothing beyond `initial` is dropped. */
export function keepDraft(key: string, draft: LaunchDraft, initial: string): void {
  if (draft.yaml === initial && draft.axes.length === 0) localStorage.removeItem(key);
  else localStorage.setItem(key, JSON.stringify(draft));
}

export function dropDraft(key: string): void {
  localStorage.removeItem(key);
}
