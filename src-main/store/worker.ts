import { once } from 'node:events';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { reportOf, WorkbenchError } from '../shared/domain/errors.ts';
import type { ErrorReport } from '../shared/domain/errors.ts';
import { useCompileCache } from '../system/compile-cache.ts';
import { isReadOnlyError, openForReading, openForWriting, translateSqliteError } from './database.ts';
import type { FromWorker, Methods, ToWorker, WorkerStart } from './rpc.ts';
import { movable } from './rpc.ts';

/** A thread of the store: the writer, the reader, or one task. */
// Each role loads its own modules only, and from Node's cache: threads start often, and compiling is most of a start.
useCompileCache();
const port = parentPort ?? fail();
const post = (message: FromWorker, move: ArrayBuffer[] = []): void => port.postMessage(message, move);
// Only the client starts this file.
const start = workerData as WorkerStart;

/** Slow calls are named on stderr when debugging is on. */
const slowMs = 100;
const debugging = process.env.FLIPGUARD_DEBUG !== undefined && process.env.FLIPGUARD_DEBUG !== '';

/** The writer's, once it is open. */
let refuseMoved = (_method: string): void => {};

try {
  if (start.role === 'task') await serveTasks(start);
  else serve(await open(start));
} catch (error) {
  post({ type: 'failed', error: reportOf(translateSqliteError(error, start.path)) });
  port.close();
}

async function open(start: WorkerStart): Promise<Methods> {
  return start.role === 'reader' ? openReader(start) : openWriter(start);
}

/** Loads while the writer migrates, and opens the file once the client says it is ready. */
async function openReader({ path, owner }: WorkerStart): Promise<Methods> {
  const told = once(port, 'message');
  const { readerMethods } = await import('./reader.ts');
  await told;
  const { offered, inner } = readerMethods(openForReading(path), owner);
  post({ type: 'ready', schemaVersion: 0, methods: Object.keys(offered) });
  return { ...offered, ...inner };
}

async function openWriter({ path, owner, maxBytes, readOnly }: WorkerStart): Promise<Methods> {
  const [{ migrate, refuseForeign }, { writerMethods }] = await Promise.all([
    import('./migrations/migrate.ts'),
    import('./writer.ts'),
  ]);
  const db = openForWriting(path, maxBytes === undefined ? {} : { maxBytes }, refuseForeign);
  try {
    const schemaVersion = await migrate(db);
    const moved = movedSince(path);
    const { offered, inner } = writerMethods({ db, owner });
    // Only from here on: bringing a copy to the newest version does not write anybody's data.
    if (readOnly !== undefined) db.raw.pragma('query_only = ON');
    post({ type: 'ready', schemaVersion, methods: Object.keys(offered) });
    refuseMoved = (method) => {
      if (method !== 'close' && moved()) throw movedAway(dirname(path));
    };
    return { ...offered, ...inner };
  } catch (error) {
    db.raw.close();
    throw error;
  }
}

/**
 * Whether another file or none is where the database was opened. SQLite would go on writing into a file without a name, or into a workspace
 * that was moved while files of runs are written to the old place.
 */
function movedSince(path: string): () => boolean {
  const identity = (): string | null => {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
  };
  const opened = identity();
  return () => identity() !== opened;
}

function movedAway(folder: string): WorkbenchError {
  return new WorkbenchError(
    'io',
    `The workspace ${folder} was moved, deleted or replaced while it was open; nothing was written.`,
    {
      remedy: 'Bring it back, or close the workbench and open the workspace where it is now.',
      place: { file: folder },
    },
  );
}

function serve(methods: Methods): void {
  port.on('message', (message: ToWorker) => {
    if (message.type !== 'call') return;
    // An answer that cannot be posted would leave its caller waiting, so the thread counts as failed and all calls reject.
    answer(methods, message).catch((error: unknown) => post({ type: 'failed', error: reportOf(error) }));
  });
}

async function answer(methods: Methods, { id, method, args }: Extract<ToWorker, { type: 'call' }>): Promise<void> {
  const began = performance.now();
  try {
    const call = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (call === undefined) throw new Error(`the store's ${start.role} has no method ${method}`);
    refuseMoved(method);
    const value = await call(...args);
    post({ type: 'answer', id, ok: true, value }, movable(value));
  } catch (error) {
    post({ type: 'answer', id, ok: false, error: failureOf(error) });
    if (debugging) console.error(`store: ${method} failed:`, error);
  }
  const tookMs = performance.now() - began;
  if (debugging && tookMs > slowMs) console.error(`store: ${start.role} ${method} took ${Math.round(tookMs)} ms`);
}

function failureOf(error: unknown): ErrorReport {
  if (start.readOnly !== undefined && isReadOnlyError(error)) return start.readOnly;
  return reportOf(translateSqliteError(error, start.path));
}

/** One task after another, each with a connection of its own, until the client ends the thread. */
async function serveTasks({ path }: WorkerStart): Promise<void> {
  const { tasks } = await import('./tasks/tasks.ts');
  port.on('message', (message: ToWorker) => {
    if (message.type !== 'task') return;
    const { name, args } = message.task;
    const work = Object.hasOwn(tasks, name) ? tasks[name as keyof typeof tasks] : undefined;
    runOneTask(path, name, work as Work | undefined, args).catch((error: unknown) => {
      post({ type: 'failed', error: reportOf(translateSqliteError(error, path)) });
    });
  });
}

type Work = (
  db: ReturnType<typeof openForReading>,
  emit: (batch: unknown) => Promise<void>,
  ...args: unknown[]
) => unknown;

async function runOneTask(path: string, name: string, work: Work | undefined, args: unknown[]): Promise<void> {
  if (work === undefined) throw new Error(`the store has no task ${name}`);
  const db = openForReading(path);
  const emit = (batch: unknown): Promise<void> =>
    new Promise((resolve) => {
      port.once('message', () => resolve());
      post({ type: 'batch', batch });
    });
  const value = await work(db, emit, ...args);
  // Before the answer: its receiver may close the store, and a connection still open would keep its log next to the file.
  db.raw.close();
  post({ type: 'done', value }, movable(value));
}

function fail(): never {
  throw new Error('store/worker runs as a worker thread only');
}
