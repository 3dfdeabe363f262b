import { hash } from 'node:crypto';
import { access, open } from 'node:fs/promises';
import path from 'node:path';
import { callbackFolder, ownEventsFile } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import { readEventLines } from '../../trainer/event-lines.ts';
import type { PlaceInFile } from '../../trainer/event-lines.ts';

export interface ForeignEvents {
  events: (TrainerEventBody & { at: number })[];
  /** `seq` of the last one. */
  taken: number;
  /** Where the next one begins. */
  next: PlaceInFile;
  /** The line that is no event, if any: nothing behind it is taken. */
  damagedLine: number | null;
}

/** Where a folder has events in this program’s own form: a run folder of another machine, or what the callback for Python writes. */
export async function foreignEventsFile(folder: string): Promise<string | null> {
  for (const file of [path.join(folder, ownEventsFile), path.join(folder, callbackFolder, ownEventsFile)]) {
    if (await isThere(file)) return file;
  }
  return null;
}

/**
 * Events beyond `after`, with the paths of checkpoints as they are from here; at most `most` on a page. What is before `from` is not
 * read again: a long training is looked at every few seconds.
 */
export async function* readForeignEvents(
  file: string,
  { after, from, folder, most }: { after: number; from: PlaceInFile; folder: string; most: number },
): AsyncGenerator<ForeignEvents, void, undefined> {
  let page: ForeignEvents = { events: [], taken: after, next: from, damagedLine: null };
  for await (const found of readEventLines(file, from)) {
    if (found.event === null) {
      yield { ...page, damagedLine: found.line };
      return;
    }
    page.next = { line: found.line, byte: found.endByte };
    if (found.event.seq <= page.taken) continue;
    const { seq, ...body } = found.event;
    page.taken = seq;
    page.events.push(placed(body, folder));
    if (page.events.length < most) continue;
    yield page;
    page = { events: [], taken: seq, next: page.next, damagedLine: null };
  }
  if (page.events.length > 0) yield page;
}

const headBytes = 4096;

/**
 * What tells an event file from another one under its name: a hash of its first line, or of the beginning of a long one. Null while that
 * is being written.
 */
export async function headOf(file: string): Promise<string | null> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    const end = buffer.subarray(0, bytesRead).indexOf(0x0a);
    if (end < 0 && bytesRead < headBytes) return null;
    return hash('sha256', buffer.subarray(0, end < 0 ? bytesRead : end), 'hex').slice(0, 20);
  } finally {
    await handle.close();
  }
}

function placed<Body extends TrainerEventBody>(body: Body, folder: string): Body {
  if (body.type !== 'checkpoint') return body;
  return { ...body, checkpoint: { ...body.checkpoint, path: path.resolve(folder, body.checkpoint.path) } };
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
