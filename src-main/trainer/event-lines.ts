import * as path from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import type { Line } from '../system/lines.ts';
import { readLines } from '../system/read-lines.ts';
import { parseEvent } from './messages.ts';

/** A line of `events.ndjson`: an event with its text, or a line in the middle of the file that holds none. */
export type EventLine =
  { line: number; event: TrainerEvent; bytes: Buffer; endByte: number } | { line: number; event: null };

/** Where a line begins: so many lines and bytes are before it. */
export interface PlaceInFile {
  line: number;
  byte: number;
}
const fileStart: PlaceInFile = { line: 0, byte: 0 };

/**
 * Lines of a run's events, from a place on. A torn last line, as a killed process or a power cut leaves it, was never acknowledged and is left out;
 * every other line comes, whole or not. A file that is not there has no lines.
 */
export async function* readEventLines(
  file: string,
  from: PlaceInFile = fileStart,
): AsyncGenerator<EventLine, void, undefined> {
  // What may turn out to be the torn end is held back until a whole line follows.
  let doubtful: EventLine[] = [];
  try {
    for await (const line of readLines(file, undefined, from.byte)) {
      const event = line.ended ? eventOf(line) : null;
      if (event === null || line.bytes === null) {
        doubtful.push({ line: from.line + line.number, event: null });
        continue;
      }
      yield* doubtful;
      doubtful = [];
      yield { line: from.line + line.number, event, bytes: line.bytes, endByte: from.byte + line.endByte };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Events of a run in order.
 * @throws WorkbenchError `corrupt`, naming file and line, at a line in the middle that holds no event; what is before it has
 * been given by then.
 */
export async function* readEvents(
  file: string,
): AsyncGenerator<{ event: TrainerEvent; endByte: number }, void, undefined> {
  for await (const found of readEventLines(file)) {
    if (found.event === null) throw damagedEvents(file, found.line);
    yield found;
  }
}

export function damagedEvents(file: string, line: number): WorkbenchError {
  return new WorkbenchError('corrupt', `${file} is damaged: its line ${line} is not an event.`, {
    remedy:
      'Resume the run: what was lost is taken from the workspace where it is known, and trained again where it is not.',
    place: { file: path.basename(file), line },
  });
}

function eventOf({ bytes }: Line): TrainerEvent | null {
  if (bytes === null) return null;
  try {
    return parseEvent(JSON.parse(bytes.toString('utf8')));
  } catch {
    return null;
  }
}
