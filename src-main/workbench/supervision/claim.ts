import { randomUUID } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/**
 * A file that says which process holds something (a run, a device), so that two programs on one workspace leave each
 * other's work alone. A claim dies with its process: no file has to be cleaned up after a kill.
 */
export interface Claim {
  release(): Promise<void>;
}

const holderSchema = z.object({
  pid: z.number().int().positive(),
  /** When the process started, as the system tells it: a later process with the same number is another one. */
  born: z.string().nullable(),
});
export type Holder = z.infer<typeof holderSchema>;

/** Takes the claim, or answers null when a living process (this one too) has it. */
export async function claim(file: string): Promise<Claim | null> {
  for (;;) {
    const found = await readHolder(file);
    if (found !== null && (await isAlive(found))) return null;
    if (found !== null) await setAside(file, found);
    if (await create(file)) return { release: () => unlink(file).catch(ignoreMissing) };
    // Somebody else was faster: look again who holds it.
  }
}

/** Who holds the claim, when that process lives. */
export async function livingHolder(file: string): Promise<Holder | null> {
  const holder = await readHolder(file);
  return holder !== null && (await isAlive(holder)) ? holder : null;
}

export async function isAlive(holder: Holder): Promise<boolean> {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const born = await birthOf(holder.pid);
  return born === null || holder.born === null || born === holder.born;
}

/** This process, or another one by its number. */
export async function holderOf(pid: number = process.pid): Promise<Holder> {
  return { pid, born: await birthOf(pid) };
}

async function create(file: string): Promise<boolean> {
  // Written aside and linked: a claim is never seen half-written.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(await holderOf()));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(draft);
  }
}

/** Moves a dead claim away, unless another process has replaced it since it was read. */
async function setAside(file: string, dead: Holder): Promise<void> {
  const grave = `${file}.${randomUUID()}`;
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

/** Linux tells a process's start in clock ticks since boot; other systems are believed by the number alone. */
async function birthOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks: fields count from behind it. The start time is field 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
