import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { isAlive, markOf } from '../../system/alive.ts';
import type { ProcessMark } from '../../system/alive.ts';
import { draftOf } from '../../system/drafts.ts';

/**
 * A file that says which process holds something (a run, a device), so that two programs on one workspace leave each
 * other's work alone. A claim dies with its process: no file has to be cleaned up after a kill.
 */
export interface Claim {
  release(): Promise<void>;
}

export const holderSchema = z.object({
  pid: z.number().int().positive(),
  /** When the process started, as the system tells it: a later process with the same number is another one. */
  born: z.string().nullable(),
  /** What it holds the claim for, as others read it who wait. */
  what: z.string().optional(),
});
type Holder = z.infer<typeof holderSchema>;

/** Takes the claim, or returns null when a living process (this one too) has it. */
export async function claim(file: string, what?: string): Promise<Claim | null> {
  for (;;) {
    const found = await readHolder(file);
    if (found !== null && isAlive(found)) return null;
    if (found !== null) await setAside(file, found);
    if (await create(file, what)) return { release: () => unlink(file).catch(ignoreMissing) };
    // Somebody else was faster: look again who holds it.
  }
}

/** Who holds the claim; null when nobody does. */
export function holderOf(file: string): Promise<Holder | null> {
  return readHolder(file);
}

async function create(file: string, what: string | undefined): Promise<boolean> {
  // Written aside and linked: a claim is never seen half-written.
  const draft = draftOf(file);
  try {
    await writeFile(draft, JSON.stringify({ ...markOf(), what }), { mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft).catch(ignoreMissing);
  }
}

/** Moves a dead claim away, unless another process has replaced it since it was read. */
async function setAside(file: string, dead: ProcessMark): Promise<void> {
  const grave = draftOf(file);
  try {
    await rename(file, grave);
  } catch (error) {
    return ignoreMissing(error);
  }
  const moved = await readHolder(grave);
  if (moved !== null && (moved.pid !== dead.pid || moved.born !== dead.born)) await link(grave, file).catch(() => {});
  await unlink(grave);
}

async function readHolder(file: string): Promise<Holder | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    ignoreMissing(error);
    return null;
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    // Unreadable: from a dead process of an older version, or damaged. Nobody living writes such a thing.
    return { pid: 2 ** 30, born: null };
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
