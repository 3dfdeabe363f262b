import { createWriteStream } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { makeWhole } from '../../system/whole-file.ts';
import { readEventLines } from '../../trainer/event-lines.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';

const pageEvents = 200;

/** What is known of a run once its folder and the store say the same. */
export interface Agreement {
  lastSeq: number;
  /** What was repaired, in sentences; empty when both agreed. */
  repairs: string[];
}

/**
 * Brings a run's `events.ndjson` and the store to the same record, before anything is added to it. The store takes what the file has
 * beyond it; the file gets what it lost to damage or a power cut from the store. Where an event is in neither, the record ends
 * before it: what came later is trained again, and the file as it was is kept next to it.
 */
export async function agreeOnRecord(core: Core, run: { id: string; folder: string }): Promise<Agreement> {
  const file = runFolder(core.layout, run).file('events');
  const taken = await takeIntoStore(core, run.id, file);
  if (taken.whole && !taken.repeats && taken.fileSeq === taken.lastSeq) return { lastSeq: taken.lastSeq, repairs: [] };
  const repairs: string[] = [];
  const name = path.basename(file);
  if (!taken.whole) {
    const kept = `${file.replace(/\.ndjson$/, '')}.damaged-${Date.now()}.ndjson`;
    await copyFile(file, kept);
    repairs.push(
      `${file} is damaged: its line ${taken.badLine} is not an event. It was kept as ${path.basename(kept)}.`,
    );
  }
  await makeWhole(file, (draft) =>
    pipeline(linesOf(core, run.id, file, taken.lastSeq), createWriteStream(draft, { mode: 0o600 })),
  );
  repairs.push(
    taken.lost
      ? `What came after event ${taken.lastSeq} is in neither ${name} nor the workspace, and is trained again.`
      : `${name} and the workspace did not agree; both have every event up to ${taken.lastSeq} now.`,
  );
  return { lastSeq: taken.lastSeq, repairs };
}

interface Taken {
  /** Last event of the store, now. */
  lastSeq: number;
  /** Last event that the file holds, up to that. */
  fileSeq: number;
  /** No damaged line, and nothing that the record cannot keep. */
  whole: boolean;
  badLine: number;
  /** Lines are there twice. */
  repeats: boolean;
  /** The file continues beyond an event that neither has. */
  lost: boolean;
}

async function takeIntoStore(core: Core, runId: string, file: string): Promise<Taken> {
  const run = await core.store.getRun(runId);
  if (run === null) throw new WorkbenchError('not-found', `There is no run ${runId}.`);
  const taken: Taken = { lastSeq: run.lastSeq, fileSeq: 0, whole: true, badLine: 0, repeats: false, lost: false };
  let batch: TrainerEvent[] = [];
  const flush = async () => {
    if (batch.length > 0) await core.store.appendRunEvents(runId, batch);
    batch = [];
  };
  for await (const { event, line } of readEventLines(file)) {
    if (event === null || event.seq > taken.lastSeq + 1) {
      taken.badLine ||= line;
      taken.whole = false;
      // A line that cannot be read may have been one that the store knows.
      if (event !== null) {
        taken.lost = true;
        break;
      }
      continue;
    }
    if (event.seq <= taken.fileSeq) taken.repeats = true;
    taken.fileSeq = Math.max(taken.fileSeq, event.seq);
    if (event.seq <= taken.lastSeq) continue;
    taken.lastSeq = event.seq;
    batch.push(event);
    if (batch.length >= pageEvents || event.type === 'evaluation-batch') await flush();
  }
  await flush();
  return taken;
}

/** The record's lines: as the file has them, and from the store where it has them no more. */
async function* linesOf(core: Core, runId: string, file: string, lastSeq: number): AsyncGenerator<string | Buffer> {
  let next = 1;
  for await (const found of readEventLines(file)) {
    if (found.event === null || found.event.seq < next) continue;
    if (found.event.seq > lastSeq) break;
    yield* fromStore(core, runId, next, found.event.seq);
    yield found.bytes;
    yield '\n';
    next = found.event.seq + 1;
  }
  yield* fromStore(core, runId, next, lastSeq + 1);
}

/** Events from `from` up to and without `to`. Steps that a resumed run repeated are in the store no more, and are left out. */
async function* fromStore(core: Core, runId: string, from: number, to: number): AsyncGenerator<string> {
  for (let after = from - 1; after < to - 1;) {
    const page = await core.store.runEvents(runId, after, pageEvents);
    for (const event of page) if (event.seq < to) yield `${JSON.stringify(event)}\n`;
    const last = page.at(-1)?.seq;
    if (last === undefined || last <= after) return;
    after = last;
  }
}
