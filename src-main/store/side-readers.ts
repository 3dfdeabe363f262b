import { WorkbenchError } from '../shared/domain/errors.ts';
import type { ReaderMethods } from './reader.ts';
import type { WorkerStart } from './rpc.ts';
import { WorkerClient } from './worker-client.ts';

/** Threads at most; more work waits. */
const mostThreads = 2;
const mostWaiting = 32;

/**
 * Reads that may take long (a search over long texts, a million slices), in threads next to the reader, which goes on answering
 * every other window. One that does not end in time is ended with its thread, and whoever asked hears what to do.
 */
export class SideReaders {
  readonly #start: Omit<WorkerStart, 'role'>;
  readonly #waiting: (() => void)[] = [];
  readonly #busy = new Set<WorkerClient<ReaderMethods>>();
  /** One is kept: it has the comparison's columns. */
  #idle: WorkerClient<ReaderMethods> | null = null;
  #running = 0;
  #closed = false;

  constructor(start: Omit<WorkerStart, 'role'>) {
    this.#start = start;
  }

  async read<T>(
    work: (reader: WorkerClient<ReaderMethods>) => Promise<T>,
    limit: { ms: number; tooLong: () => WorkbenchError },
  ): Promise<T> {
    await this.#turn();
    try {
      return await this.#within(work, limit);
    } finally {
      // The turn goes to the next in line, if there is one.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const go of this.#waiting.splice(0)) go();
    const threads = [...this.#busy, ...(this.#idle === null ? [] : [this.#idle])];
    await Promise.all(threads.map((thread) => end(thread)));
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= mostWaiting) {
      throw new WorkbenchError('unavailable', 'Too many long searches at once.', {
        remedy: 'Wait until the earlier ones have ended.',
      });
    }
    if (this.#running < mostThreads) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #within<T>(
    work: (reader: WorkerClient<ReaderMethods>) => Promise<T>,
    { ms, tooLong }: { ms: number; tooLong: () => WorkbenchError },
  ): Promise<T> {
    if (this.#closed) throw new WorkbenchError('unavailable', 'The workspace is closed');
    const thread = this.#idle ?? this.#open();
    this.#idle = null;
    this.#busy.add(thread);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(tooLong()), ms);
    });
    let fit = false;
    try {
      const result = await Promise.race([thread.ready.then(() => work(thread)), late]);
      fit = true;
      return result;
    } finally {
      clearTimeout(timer);
      this.#busy.delete(thread);
      if (fit && this.#idle === null && !this.#closed) this.#idle = thread;
      // What still computes in it is ended with it, after what SQLite is at; nobody waits for that.
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
