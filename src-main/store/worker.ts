import { parentPort, workerData } from 'node:worker_threads';
import { reportOf } from '../shared/domain/errors.ts';
import { openForReading, openForWriting, translateSqliteError } from './database.ts';
import { migrate } from './migrations/migrate.ts';
import { readerMethods } from './reader.ts';
import type { FromWorker, Methods, ToWorker, WorkerStart } from './rpc.ts';
import { movable } from './rpc.ts';
import { tasks } from './tasks/tasks.ts';
import { writerMethods } from './writer.ts';

/** A thread of the store: the writer, the reader, or one task. */
const port = parentPort;
if (port === null) throw new Error('store/worker runs as a worker thread only');
const post = (message: FromWorker, move: ArrayBuffer[] = []): void => port.postMessage(message, move);
// The client is the only one who starts this file.
const start = workerData as WorkerStart;

/** Slow calls are named on stderr when somebody looks for them. */
const slowMs = 100;
const debugging = process.env.FLIPGUARD_DEBUG !== undefined && process.env.FLIPGUARD_DEBUG !== '';

try {
  if (start.role === 'task') await runOneTask(start);
  else serve(await open(start));
} catch (error) {
  post({ type: 'failed', error: reportOf(translateSqliteError(error, start.path)) });
  port.close();
}

async function open({ role, path, owner, maxBytes }: WorkerStart): Promise<Methods> {
  if (role === 'reader') {
    const methods = readerMethods(openForReading(path), owner);
    post({ type: 'ready', schemaVersion: 0 });
    return methods;
  }
  const db = openForWriting(path, maxBytes === undefined ? {} : { maxBytes });
  try {
    post({ type: 'ready', schemaVersion: await migrate(db) });
  } catch (error) {
    db.raw.close();
    throw error;
  }
  return writerMethods({ db, owner });
}

function serve(methods: Methods): void {
  port?.on('message', (message: ToWorker) => {
    if (message.type === 'call') void answer(methods, message);
  });
}

async function answer(methods: Methods, { id, method, args }: Extract<ToWorker, { type: 'call' }>): Promise<void> {
  const began = performance.now();
  try {
    const call = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (call === undefined) throw new Error(`the store's ${start.role} has no method ${method}`);
    const value = await call(...args);
    post({ type: 'answer', id, ok: true, value }, movable(value));
  } catch (error) {
    post({ type: 'answer', id, ok: false, error: reportOf(translateSqliteError(error, start.path)) });
    if (debugging) console.error(`store: ${method} failed:`, error);
  }
  const tookMs = performance.now() - began;
  if (debugging && tookMs > slowMs) console.error(`store: ${start.role} ${method} took ${Math.round(tookMs)} ms`);
}

async function runOneTask({ path, task }: WorkerStart): Promise<void> {
  const work =
    task !== undefined && Object.hasOwn(tasks, task.name) ? tasks[task.name as keyof typeof tasks] : undefined;
  if (task === undefined || work === undefined) throw new Error(`the store has no task ${task?.name}`);
  const db = openForReading(path);
  const emit = (batch: unknown): Promise<void> =>
    new Promise((resolve) => {
      port?.once('message', () => resolve());
      post({ type: 'batch', batch });
    });
  try {
    const value = await (work as (...args: unknown[]) => unknown)(db, emit, ...task.args);
    post({ type: 'done', value }, movable(value));
  } finally {
    db.raw.close();
    port?.close();
  }
}
