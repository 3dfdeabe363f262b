import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { TrainerEvent } from '../../shared/domain/jobs.ts';
import { parseEvent } from '../../trainer/messages.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';

const batchEvents = 200;

/**
 * Takes into the store what the run folder holds beyond it: events that were written and never arrived. The store skips
 * what it has. A torn last line is what a killed trainer leaves; it was never acknowledged and is passed over.
 */
export async function replayEvents({ store, layout }: Pick<Core, 'store' | 'layout'>, run: RunRecord): Promise<void> {
  let batch: TrainerEvent[] = [];
  const flush = async () => {
    if (batch.length > 0) await store.appendRunEvents(run.id, batch);
    batch = [];
  };
  for await (const line of linesOf(runFolder(layout, run).file('events'))) {
    const event = readEvent(line);
    if (event === null) break;
    if (event.seq <= run.lastSeq) continue;
    batch.push(event);
    // A batch of samples is big by itself.
    if (batch.length >= batchEvents || event.type === 'evaluation-batch') await flush();
  }
  await flush();
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const stream = createReadStream(file);
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    stream.destroy();
  }
}

function readEvent(line: string): TrainerEvent | null {
  try {
    return parseEvent(JSON.parse(line));
  } catch {
    return null;
  }
}
