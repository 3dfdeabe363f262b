import type { TrainerEvent, TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import { EventFile } from '../../trainer/event-file.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import { takeEvents } from './take-events.ts';

/**
 * Adds to a run's record what its owner has to say while no trainer works on it: to the folder first, then to the store and the
 * windows, as a trainer's own words, with the time that they are given or the present one. Returns the last number.
 */
export async function addOwnEvents(
  core: Core,
  run: { id: string; folder: string },
  bodies: readonly (TrainerEventBody & { at?: number })[],
): Promise<number> {
  const file = await EventFile.open(runFolder(core.layout, run).file('events'));
  try {
    const events = bodies.map((body, i): TrainerEvent => ({
      ...body,
      seq: file.lastSeq + 1 + i,
      at: body.at ?? Date.now(),
    }));
    for (const event of events) file.append(event);
    if (events.length > 0) await takeEvents(core, run.id, events);
    return file.lastSeq + events.length;
  } finally {
    file.close();
  }
}
