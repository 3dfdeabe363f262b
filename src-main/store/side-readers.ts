import { WorkbenchError } from '../shared/domain/errors.ts';
import type { ReaderMethods } from './reader.ts';
import type { WorkerStart } from './rpc.ts';
import { searchEnded } from './searches.ts';
import { WorkerClient } from './worker-client.ts';

/** The most threads; further work waits. */
const mostThreads = 2;
const mostWaiting = 32;

/**
 * Reads that may take long (a search over long texts, a million slices), in threads next to the reader, which keeps serving all
 * other windows. A read that does not end in time is ended with its thread, and the caller's error says what to do.
 */
export class SideReaders {
  readonly #start: Omit<WorkerStart, 'role'>;
  readonly #waiting: ((goes: boolean) => void)[] = [];
  readonly #busy = new Set<WorkerClient<ReaderMethods>>();
  /** One idle thread is kept: it has the comparison's columns. */
  #idle: WorkerClient<ReaderMethods> | null = null;
  #running = 0;
  #closed = false;

  constructor(start: Omit<WorkerStart, 'role'>) {
    this.#start = start;
  }

  async read<T>(
    work: (reader: WorkerClient<ReaderMethods>) => Promise<T>,
    limit: { ms: number; tooLong: () => WorkbenchError },
    signal: AbortSignal = new AbortController().signal,
  ): Promise<T> {
    await this.#turn(signal);
    try {
      return await this.#within(work, limit, signal);
    } finally {
      // The turn goes to the next in the queue, if any.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next(true);
    }
  }

  /** Opens a thread ahead of a likely long read, which then does not wait for the start. */
  warm(): void {
    if (this.#closed || this.#idle !== null || this.#busy.size > 0) return;
    this.#idle = this.#open();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const go of this.#waiting.splice(0)) go(true);
    const threads = [...this.#busy, ...(this.#idle === null ? [] : [this.#idle])];
    await Promise.all(threads.map((thread) => end(thread)));
  }

  /** Resolves when it is this read's turn; a read that is ended while it waits leaves the queue. */
  async #turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw searchEnded();
    if (this.#waiting.length >= mostWaiting) {
      throw new WorkbenchError('unavailable', 'Too many long searches at once.', {
        remedy: 'Wait until the earlier ones have ended.',
      });
    }
    if (this.#running < mostThreads) {
      this.#running++;
      return;
    }
    const goes = await new Promise<boolean>((resolve) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        resolve(false);
      };
      const go = (mine: boolean): void => {
        signal.removeEventListener('abort', leave);
        resolve(mine);
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
    if (!goes) throw searchEnded();
  }

  async #within<T>(
    work: (reader: WorkerClient<ReaderMethods>) => Promise<T>,
    { ms, tooLong }: { ms: number; tooLong: () => WorkbenchError },
    signal: AbortSignal,
  ): Promise<T> {
    if (this.#closed) throw new WorkbenchError('unavailable', 'The workspace is closed');
    const thread = this.#idle ?? this.#open();
    this.#idle = null;
    this.#busy.add(thread);
    let timer: NodeJS.Timeout | undefined;
    const stopped = new AbortController();
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooLong()), ms);
      const end = (): void => reject(searchEnded());
      signal.addEventListener('abort', end, { once: true, signal: stopped.signal });
      if (signal.aborted) end();
    });
    // It may reject before the race below awaits it.
    late.catch(() => undefined);
    let fit = false;
    try {
      const result = await Promise.race([thread.ready.then(() => work(thread)), late]);
      fit = true;
      return result;
    } finally {
      clearTimeout(timer);
      stopped.abort();
      this.#busy.delete(thread);
      if (fit && this.#idle === null && !this.#closed) this.#idle = thread;
      // Ends whatever still runs in it, once SQLite's current call returns; nothing waits for that.
      else end(thread).catch(() => undefined);
    }
  }

  #open(): WorkerClient<ReaderMethods> {
    const thread = new WorkerClient<ReaderMethods>({ ...this.#start, role: 'reader' });
    thread.open();
    return thread;
  }
}

function end(thread: WorkerClient<ReaderMethods>): Promise<void> {
  return thread.terminate();
}
