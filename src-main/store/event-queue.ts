import type { TrainerEvent } from '../shared/domain/trainer-events.ts';

interface Batch {
  events: TrainerEvent[];
  written: Promise<{ lastSeq: number }>;
}

/**
 * Gathers a run's events while the writer is busy with earlier ones: the next transaction takes all of them. One message per run
 * is in flight at any time, so a fast trainer makes larger transactions, not a longer queue; callers that await are held back.
 */
export class EventQueue {
  readonly #write: (runId: string, events: TrainerEvent[]) => Promise<{ lastSeq: number }>;
  readonly #waiting = new Map<string, Batch>();
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(write: (runId: string, events: TrainerEvent[]) => Promise<{ lastSeq: number }>) {
    this.#write = write;
  }

  append(runId: string, events: readonly TrainerEvent[]): Promise<{ lastSeq: number }> {
    const waiting = this.#waiting.get(runId);
    if (waiting !== undefined) {
      waiting.events.push(...events);
      return waiting.written;
    }
    const batch: TrainerEvent[] = [...events];
    const before = this.#busy.get(runId) ?? Promise.resolve();
    const written = before.then(() => {
      this.#waiting.delete(runId);
      return this.#write(runId, batch);
    });
    this.#waiting.set(runId, { events: batch, written });
    // The next batch is sent even if this one failed; the failure goes to its own caller.
    const over: Promise<void> = written
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#busy.get(runId) === over) this.#busy.delete(runId);
      });
    this.#busy.set(runId, over);
    return written;
  }
}
