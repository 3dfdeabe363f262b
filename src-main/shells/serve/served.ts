import { randomBytes } from 'node:crypto';
import { chmod, readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { isAlive, markOf } from '../../system/alive.ts';
import { writeWhole } from '../../system/whole-file.ts';
import { claim, holderOf } from '../../workbench/supervision/claim.ts';
import { version } from '../../workbench/version.ts';
import { controlPaths, keyHeader } from '../web/control.ts';
import { makeFolder } from '../../system/folders.ts';

/** What a workspace says of the one server that serves it, so that other programs find it. */
const servedSchema = z.object({
  pid: z.number().int().positive(),
  born: z.string().nullable(),
  port: z.number().int(),
  version: z.string(),
  startedAt: z.number(),
  /** Shown by who asks it for a token or to end. Only this account can read the file. */
  key: z.string(),
  /** Where it writes what it says; null for one at a terminal. */
  log: z.string().nullable(),
});
export type Served = z.infer<typeof servedSchema>;

export interface ServedFiles {
  readonly lock: string;
  readonly note: string;
  readonly log: string;
}

export function servedFiles(workspace: string): ServedFiles {
  const locks = path.join(workspace, 'locks');
  return {
    lock: path.join(locks, 'serve.lock'),
    note: path.join(locks, 'serve.json'),
    log: path.join(workspace, 'serve.log'),
  };
}

/** A server's place in its workspace: taken before it listens, so that two never start next to each other. */
export interface ServedPlace {
  readonly key: string;
  announce(port: number, log: string | null): Promise<void>;
  leave(): Promise<void>;
}

/** Null when a living server has it. One that was killed leaves nothing that has to be cleaned up. */
export async function takePlace(workspace: string): Promise<ServedPlace | null> {
  const files = servedFiles(workspace);
  await makeFolder(path.dirname(files.lock), 0o700);
  const place = await claim(files.lock, 'serve');
  if (place === null) return null;
  const key = randomBytes(32).toString('base64url');
  return {
    key,
    async announce(port, log) {
      const note: Served = { ...markOf(), port, version, startedAt: Date.now(), key, log };
      await writeWhole(files.note, JSON.stringify(note, null, 2));
      await chmod(files.note, 0o600);
    },
    async leave() {
      await unlink(files.note).catch(() => {});
      await place.release();
    },
  };
}

/**
 * The living server of a workspace; null where there is none, `starting` while it does not listen yet. A number that a later process
 * got is no server: the note counts only together with the holder of the lock.
 */
export async function findServed(workspace: string): Promise<Served | 'starting' | null> {
  const files = servedFiles(workspace);
  const holder = await holderOf(files.lock);
  if (holder === null || !isAlive(holder)) return null;
  const text = await readFile(files.note, 'utf8').catch(() => null);
  const note = text === null ? null : servedSchema.safeParse(parsed(text));
  if (note?.success !== true || note.data.pid !== holder.pid || note.data.born !== holder.born) return 'starting';
  return note.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const answerWithinMs = 10_000;

/** An address with a token of its own: it opens one browser, once. */
export async function addressOf(served: Served): Promise<string> {
  return (await ask(served, controlPaths.token)).trim();
}

/** Asks it to end; where it does not hear, the system does. */
export async function askToEnd(served: Served): Promise<void> {
  try {
    await ask(served, controlPaths.stop);
  } catch {
    if (isAlive(served)) process.kill(served.pid, 'SIGTERM');
  }
}

async function ask(served: Served, address: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${served.port}${address}`, {
    method: 'POST',
    headers: { [keyHeader]: served.key },
    signal: AbortSignal.timeout(answerWithinMs),
  }).catch((cause: unknown) => {
    throw deaf(served, cause);
  });
  if (response.ok) return response.text();
  throw deaf(served, response.status);
}

function deaf({ pid, port }: Served, cause: unknown): WorkbenchError {
  return new WorkbenchError(
    'unavailable',
    `The server of this workspace (process ${pid}, port ${port}) does not answer.`,
    {
      remedy: 'Stop it with flipguard serve --stop, then start it again.',
      cause,
    },
  );
}
