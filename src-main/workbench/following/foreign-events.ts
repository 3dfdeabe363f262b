import { access } from 'node:fs/promises';
import path from 'node:path';
import { callbackFolder, ownEventsFile } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import { readEventLines } from '../../trainer/event-lines.ts';

export interface ForeignEvents {
  events: (TrainerEventBody & { at: number })[];
  /** `seq` of the last one. */
  taken: number;
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

/** Events beyond `after`, with the paths of checkpoints as they are from here; at most `most` on a page. The file is read once. */
export async function* readForeignEvents(
  file: string,
  { after, folder, most }: { after: number; folder: string; most: number },
): AsyncGenerator<ForeignEvents, void, undefined> {
  let page: ForeignEvents = { events: [], taken: after, damagedLine: null };
  for await (const { event, line } of readEventLines(file)) {
    if (event === null) {
      yield { ...page, damagedLine: line };
      return;
    }
    if (event.seq <= page.taken) continue;
    const { seq, ...body } = event;
    page.taken = seq;
    page.events.push(placed(body, folder));
    if (page.events.length < most) continue;
    yield page;
    page = { events: [], taken: seq, damagedLine: null };
  }
  if (page.events.length > 0) yield page;
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
