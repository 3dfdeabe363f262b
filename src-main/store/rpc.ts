import type { ErrorReport } from '../shared/domain/errors.ts';

/** What passes between the client and a worker thread. Values are structured clones; large arrays are moved. */
export type ToWorker =
  /** To the reader: the file exists and has its tables. */
  | { type: 'open' }
  | { type: 'call'; id: number; method: string; args: unknown[] }
  /** To a task thread that is idle. */
  | { type: 'task'; task: StoreTask }
  /** A task's batch was received; the next may be sent. */
  | { type: 'next' };

export type FromWorker =
  /** `methods` are the names that may be called from outside: the client makes its functions from them. */
  | { type: 'ready'; schemaVersion: number; methods: string[] }
  | { type: 'answer'; id: number; ok: true; value: unknown }
  | { type: 'answer'; id: number; ok: false; error: ErrorReport }
  | { type: 'failed'; error: ErrorReport }
  | { type: 'batch'; batch: unknown }
  | { type: 'done'; value: unknown };

export interface WorkerStart {
  role: 'writer' | 'reader' | 'task';
  path: string;
  owner: string;
  maxBytes?: number;
  /** Set if nothing may be written: the error that every write gets. `path` is then that of a copy. */
  readOnly?: ErrorReport;
}

export interface StoreTask {
  name: string;
  args: unknown[];
}

/** Methods as the worker has them, and as the client sees them. */
// `any` is what makes a map of functions with different parameters a constraint at all.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Methods = Record<string, (...args: any[]) => unknown>;
export type Remote<M extends Methods> = {
  [K in keyof M]: (...args: Parameters<M[K]>) => Promise<Awaited<ReturnType<M[K]>>>;
};

/** Functions whose first parameter is already bound. */
export type Bound<Functions> = {
  // `any` stands for the parameter that is left out: a connection, the writer, the open views.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly [K in keyof Functions]: Functions[K] extends (first: any, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

/** Gives each function its first argument, so that a query is named once: in the list next to it. */
export function bind<First, Functions extends Record<string, (first: First, ...rest: never[]) => unknown>>(
  first: First,
  functions: Functions,
): Bound<Functions> {
  const bound = Object.entries(functions).map(([name, call]) => [name, (...rest: never[]) => call(first, ...rest)]);
  return Object.fromEntries(bound) as Bound<Functions>;
}

/** Buffers of the typed arrays directly in a value: they are moved, not copied. */
export function movable(value: unknown): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return [];
  const buffers = Object.values(value).flatMap((field: unknown) =>
    ArrayBuffer.isView(field) && field.buffer instanceof ArrayBuffer && field.byteLength === field.buffer.byteLength
      ? [field.buffer]
      : [],
  );
  return [...new Set(buffers)];
}
