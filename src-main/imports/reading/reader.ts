import { totalmem } from 'node:os';
import { basename } from 'node:path';
import { entryPath } from '../../entries.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { launchHelper } from '../../system/helper-process.ts';
import type { HelperProcess } from '../../system/helper-process.ts';
import type { ImportOptions } from '../types.ts';
import type { FromReader, ReadRequest, ToReader } from './messages.ts';
import { processorMsOf, residentBytesOf } from './usage.ts';

export interface ReadingLimits {
  /** JavaScript heap of the reader. An honest line, array element or archive entry of the allowed size fits several times. */
  heapMb: number;
  /** All its memory: buffers are outside the heap. Watched where the system tells (Linux). */
  residentBytes: number;
  /**
   * A reader whose event loop does not turn for this long is in an endless loop, or as good as. On a machine that is too busy to
   * let it run it has half of it in processor time, where the system tells (Linux), and `idleMs` at most.
   */
  silentMs: number;
  /** A reader that turns and reads nothing for this long is not going to. */
  idleMs: number;
}

export const readingLimits: ReadingLimits = {
  heapMb: 1536,
  residentBytes: Math.min(3 * 2 ** 30, totalmem() / 2),
  silentMs: 15_000,
  idleMs: 120_000,
};

type Answer = Exclude<FromReader, { type: 'beat' | 'failed' }>;
const watchMs = 500;
const nurseryMb = 4;

/** A process that reads one source, watched from outside; what it says in order. */
export class Reader {
  readonly #child: HelperProcess;
  readonly #gone: Promise<void>;
  readonly #file: string;
  readonly #limits: ReadingLimits;
  readonly #listen: Pick<ImportOptions, 'signal' | 'onProgress'>;
  readonly #queue: Answer[] = [];
  readonly #watch: NodeJS.Timeout;
  readonly #cancel = (): void => this.#fail(new WorkbenchError('cancelled', 'The import was cancelled.'));
  #failure: Error | null = null;
  #waiting: (() => void) | null = null;
  #heardMs = performance.now();
  #workedMs = performance.now();
  /** What it had used when it was last heard of, and when that was. */
  #used = { heardMs: 0, processorMs: 0 };
  #work = 0;

  constructor(request: ReadRequest, listen: Pick<ImportOptions, 'signal' | 'onProgress'>, limits: ReadingLimits) {
    this.#file = basename(request.path);
    this.#limits = limits;
    this.#listen = listen;
    this.#child = launchHelper(entryPath('import-reader'), {
      name: 'import reader',
      // Rows live for as long as a batch: a small nursery holds them, and the process stays tens of megabytes smaller.
      execArgv: [`--max-old-space-size=${limits.heapMb}`, `--max-semi-space-size=${nurseryMb}`],
      ...(process.env.FLIPGUARD_DEBUG ? { onStderr: (text: string) => console.error(text) } : {}),
    });
    this.#gone = new Promise((resolve) => {
      this.#child.onExit(({ code, signal, error }) => {
        this.#fail(error === undefined ? this.#deathOf(code, signal) : this.#unstarted(error));
        resolve();
      });
    });
    this.#child.onMessage((message) => this.#take(message as FromReader));
    this.#watch = setInterval(() => this.#look(), watchMs);
    listen.signal?.addEventListener('abort', this.#cancel, { once: true });
    if (listen.signal?.aborted === true) this.#cancel();
    else this.#send(request);
  }

  /** The next thing it says. Rejects once it has failed, was cancelled or had to be ended. */
  async next(): Promise<Answer> {
    for (;;) {
      const first = this.#queue.shift();
      if (first !== undefined) return first;
      if (this.#failure !== null) throw this.#failure;
      await new Promise<void>((resolve) => (this.#waiting = resolve));
    }
  }

  took(): void {
    this.#send({ type: 'next' });
  }

  async end(): Promise<void> {
    clearInterval(this.#watch);
    this.#listen.signal?.removeEventListener('abort', this.#cancel);
    this.#child.kill();
    await this.#gone;
  }

  /** A message that cannot be delivered any more is answered by the exit that follows. */
  #send(message: ReadRequest | ToReader): void {
    this.#child.send(message);
  }

  #take(message: FromReader): void {
    this.#heardMs = performance.now();
    if (message.type === 'beat') {
      // One that waits for room has done its part.
      if (message.work !== this.#work || this.#queue.length > 0) this.#workedMs = this.#heardMs;
      this.#work = message.work;
      return;
    }
    this.#workedMs = this.#heardMs;
    if (message.type === 'failed') return this.#fail(WorkbenchError.fromReport(message.error));
    if (message.type === 'batch' && message.progress !== null) this.#listen.onProgress?.(message.progress);
    this.#queue.push(message);
    this.#waiting?.();
  }

  #look(): void {
    const now = performance.now();
    const { silentMs, idleMs, residentBytes } = this.#limits;
    const processorMs = processorMsOf(this.#child.pid);
    if (this.#heardMs !== this.#used.heardMs) this.#used = { heardMs: this.#heardMs, processorMs };
    // Where the system does not tell the difference is not a number, and nobody is starved.
    const isStarved = processorMs - this.#used.processorMs < silentMs / 2;
    if (now - this.#heardMs > (isStarved ? idleMs : silentMs))
      this.#fail(this.#unreadable(`reading it did not come forward for ${silentMs / 1000} s`));
    else if (now - this.#workedMs > idleMs) this.#fail(this.#unreadable(`nothing came of it for ${idleMs / 1000} s`));
    else if (residentBytesOf(this.#child.pid) > residentBytes) this.#fail(this.#tooMuchMemory());
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    clearInterval(this.#watch);
    // Ended from outside: an endless loop does not hear anything.
    this.#child.kill();
    this.#waiting?.();
  }

  /** V8 aborts at its ceiling, the system kills at its own. */
  #deathOf(code: number | null, signal: string | null): WorkbenchError {
    const ranOut = signal === 'SIGABRT' || signal === 'SIGKILL' || signal === 'SIGTRAP' || code === 134 || code === 137;
    return ranOut ? this.#tooMuchMemory() : this.#unreadable('its reader ended without an answer');
  }

  #unstarted(error: Error): WorkbenchError {
    return new WorkbenchError('unavailable', `No process could be started to read ${this.#file}: ${error.message}.`, {
      remedy: 'Close other programs, or raise the limit on processes, then try again.',
      place: { file: this.#file },
      cause: error,
    });
  }

  #tooMuchMemory(): WorkbenchError {
    return new WorkbenchError('bad-input', `${this.#file} needs more memory to read than a source may use.`, {
      remedy:
        'It is damaged or made to do harm. If it is honest, write it again in smaller parts: shorter row groups, lines or entries.',
      place: { file: this.#file },
    });
  }

  #unreadable(why: string): WorkbenchError {
    return new WorkbenchError('bad-input', `${this.#file} cannot be read: ${why}.`, {
      remedy: 'It is damaged or malicious. Download or write it again.',
      place: { file: this.#file },
    });
  }
}
