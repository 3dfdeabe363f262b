import { Worker } from 'node:worker_threads';
import { entryPath } from '../entries.ts';
import { WorkbenchError, reportOf } from '../shared/domain/errors.ts';
import type { FromWorker, Methods, Remote, StoreTask, ToWorker, WorkerStart } from './rpc.ts';

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

/** What a thread reports once it has opened the file. */
type Ready = Pick<Extract<FromWorker, { type: 'ready' }>, 'schemaVersion' | 'methods'>;

/** Flags of the program (`--input-type`, a debugger's port) are not passed to the thread. */
function startThread(start: WorkerStart, name: string): Worker {
  return new Worker(entryPath('store-worker'), {
    workerData: start,
    name,
    execArgv: [],
    // Rows only pass through: by default each thread would keep 48 MB for objects that live no longer than a batch.
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
}

/** One worker thread and the calls that wait for it. */
export class WorkerClient<M extends Methods> {
  readonly ready: Promise<Ready>;
  readonly #worker: Worker;
  readonly #ready = Promise.withResolvers<Ready>();
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #ended: Error | null = null;

  constructor(start: WorkerStart) {
    this.#worker = startThread(start, `store ${start.role}`);
    this.ready = this.#ready.promise;
    // Awaited when the store opens; until then a failure must not count as “unhandled”.
    this.ready.catch(() => undefined);
    this.#worker.on('message', (message: FromWorker) => {
      if (message.type === 'ready') this.#ready.resolve(message);
      else if (message.type === 'failed') this.#end(WorkbenchError.fromReport(message.error));
      else if (message.type === 'answer') this.#answer(message);
    });
    this.#worker.on('error', (error: Error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new WorkbenchError('unavailable', 'The workspace is closed')));
  }

  call<K extends keyof M & string>(method: K, ...args: Parameters<M[K]>): ReturnType<Remote<M>[K]> {
    const answer = new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(this.#ended);
        return;
      }
      const id = ++this.#calls;
      this.#waiting.set(id, { resolve, reject });
      try {
        this.#post({ type: 'call', id, method, args });
      } catch (error) {
        this.#waiting.delete(id);
        reject(new WorkbenchError('bad-input', `This cannot be stored: ${reportOf(error).message}`));
      }
    });
    // The value is what the worker's method of that name returned.
    return answer as ReturnType<Remote<M>[K]>;
  }

  /** Ends the thread; call its `close` method first, which closes the database. */
  async terminate(): Promise<void> {
    this.#end(new WorkbenchError('unavailable', 'The workspace is closed'));
    await this.#worker.terminate();
  }

  /** Lets the reader open the file. */
  open(): void {
    this.#post({ type: 'open' });
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #answer(message: Extract<FromWorker, { type: 'answer' }>): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.ok) waiting?.resolve(message.value);
    else waiting?.reject(WorkbenchError.fromReport(message.error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#ready.reject(this.#ended);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

/** How many idle threads are kept, and for how long: starting one costs more than most tasks. */
const mostIdle = 2;
const idleMs = 5_000;
/** Tasks that leave little in memory, so their threads are reused. Other threads end with their task, which frees their memory. */
const light: ReadonlySet<string> = new Set(['streamFlips', 'streamSamples', 'setStatements']);

/** The threads that run a store's tasks, one task at a time in each. */
export class TaskThreads {
  readonly #start: WorkerStart;
  readonly #idle = new Map<Worker, NodeJS.Timeout>();
  #closed = false;

  constructor(start: Omit<WorkerStart, 'role'>) {
    this.#start = { ...start, role: 'task' };
  }

  /** Each batch is awaited before the next is requested, so that a slow consumer is never flooded. */
  async run<Batch, Outcome>(
    task: StoreTask,
    onBatch: (batch: Batch) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<Outcome> {
    const thread = this.#take() ?? this.#open();
    const outcome = await runTask<Batch, Outcome>(thread, task, onBatch, signal);
    if (light.has(task.name)) this.#keep(thread);
    else end(thread);
    return outcome;
  }

  close(): void {
    this.#closed = true;
    for (const thread of this.#idle.keys()) this.#drop(thread);
  }

  #take(): Worker | undefined {
    const [thread] = this.#idle.keys();
    if (thread === undefined) return undefined;
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    thread.ref();
    return thread;
  }

  #open(): Worker {
    const thread = startThread(this.#start, 'store task');
    for (const event of ['error', 'exit']) thread.on(event, () => this.#drop(thread));
    return thread;
  }

  #keep(thread: Worker): void {
    if (this.#closed || this.#idle.size >= mostIdle) return end(thread);
    const timer = setTimeout(() => this.#drop(thread), idleMs);
    timer.unref();
    this.#idle.set(thread, timer);
    // An idle thread does not keep the program alive.
    thread.unref();
  }

  #drop(thread: Worker): void {
    clearTimeout(this.#idle.get(thread));
    this.#idle.delete(thread);
    end(thread);
  }
}

/** If this fails, the thread ends with the program. */
function end(thread: Worker): void {
  thread.terminate().catch(() => undefined);
}

/** Runs a task in an idle thread; if it fails, the thread ends. */
function runTask<Batch, Outcome>(
  worker: Worker,
  task: StoreTask,
  onBatch: (batch: Batch) => Promise<void>,
  signal?: AbortSignal,
): Promise<Outcome> {
  return new Promise<Outcome>((resolve, reject) => {
    const stop = (error: unknown): void => {
      reject(error instanceof Error ? error : new Error(String(error)));
      end(worker);
    };
    const leave = (): void => {
      signal?.removeEventListener('abort', abort);
      worker.off('message', take).off('error', stop).off('exit', gone);
    };
    const abort = (): void => stop(new WorkbenchError('cancelled', 'The workspace was closed meanwhile'));
    const take = (message: FromWorker): void => {
      if (message.type === 'batch') {
        // A handler that throws instead of rejecting, as on a cancel, ends this task and not the program.
        const taken = Promise.resolve().then(() => onBatch(message.batch as Batch));
        taken.then(() => worker.postMessage({ type: 'next' } satisfies ToWorker), stop);
      } else if (message.type === 'done') {
        leave();
        resolve(message.value as Outcome);
      } else if (message.type === 'failed') stop(WorkbenchError.fromReport(message.error));
    };
    const gone = (): void => {
      leave();
      reject(new WorkbenchError('internal', 'A task of the store ended without an answer'));
    };
    worker.on('message', take).on('error', stop).on('exit', gone);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    worker.postMessage({ type: 'task', task } satisfies ToWorker);
  });
}

/** The methods that the worker offers, as plain functions. */
export function forward<Offered extends Methods>(
  client: WorkerClient<Offered>,
  names: readonly string[],
): Remote<Offered> {
  const methods = names.map((name) => [name, (...args: Parameters<Offered[string]>) => client.call(name, ...args)]);
  // The worker made the names from the map whose type this is.
  return Object.fromEntries(methods) as Remote<Offered>;
}
