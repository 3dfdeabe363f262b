/**
 * Loaded before a program of the workbench (`node --import hook.ts …`, its children and threads too): counts everything that
 * changes a file below a folder, and does what the plan says when the count is reached. SQLite writes by itself; there a transaction
 * is one operation. In one file although it is long: it is loaded before all else, and is one list of the calls by which Node writes.
 */
import fs from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { FaultPlan, Operation } from './plan.ts';
import { planVariable } from './plan.ts';

type Call = (this: unknown, ...args: never[]) => unknown;
type Bytes = Uint8Array | string;

const original = { ...fs };
const plan = JSON.parse(process.env[planVariable] ?? 'null') as FaultPlan | null;
const script = path.basename(process.argv[1] ?? '');
// Threads of the owner are the owner; who reads imports is a process of its own.
const role = script === 'entry.ts' ? 'trainer' : ['main.ts', 'worker.ts'].includes(script) ? 'owner' : 'reader';

// Their class has no name to get it by.
const handle = await fs.promises.open(import.meta.filename);
const handlePrototype = Object.getPrototypeOf(handle) as Record<string, Call>;
await handle.close();

if (plan !== null) install(plan);

function install(faults: FaultPlan): void {
  const counter = original.openSync(faults.counter, 'a');
  const paths = new Map<number, string>();

  const inside = (file: unknown): file is string =>
    typeof file === 'string' &&
    (path.resolve(file) === faults.root || path.resolve(file).startsWith(faults.root + path.sep));

  /** Called before an operation. Dies, or throws what a full disk answers; `half` is what is done of it by then. */
  function come(needsSpace: boolean, half: () => void = () => {}): void {
    original.writeSync(counter, '.');
    const now = original.fstatSync(counter).size;
    if (faults.does === 'kill' && now >= faults.at && (faults.only ?? role) === role) {
      half();
      die(faults);
    }
    if (faults.does === 'full' && now >= faults.at && needsSpace) {
      half();
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), {
        code: 'ENOSPC',
        errno: -28,
        syscall: 'write',
      });
    }
  }

  function note(make: () => Operation): void {
    if (faults.does !== 'record' || faults.log === undefined) return;
    original.appendFileSync(faults.log, `${JSON.stringify(make())}\n`);
  }
  const relative = (file: string): string => path.relative(faults.root, path.resolve(file));
  const handles = new WeakMap<object, string>();

  // What is done to a name.
  for (const name of ['mkdir', 'mkdtemp', 'rename', 'link', 'unlink', 'rm', 'rmdir', 'copyFile', 'symlink'] as const) {
    const needsSpace = ['mkdir', 'mkdtemp', 'link', 'copyFile', 'symlink'].includes(name);
    const changed = (args: readonly unknown[]): string | null => {
      const file = args[name === 'copyFile' || name === 'link' || name === 'symlink' ? 1 : 0];
      return inside(file) ? file : null;
    };
    const told = (args: readonly unknown[], result: unknown): void => {
      const [from, to] = [String(args[0]), String(args[1])];
      if (name === 'rename') note(() => ({ op: 'rename', path: relative(from), to: relative(to) }));
      else if (name === 'link') note(() => ({ op: 'link', path: relative(from), to: relative(to) }));
      else if (name === 'mkdir') note(() => ({ op: 'folder', path: relative(from) }));
      else if (name === 'mkdtemp') note(() => ({ op: 'folder', path: relative(String(result)) }));
      else if (name === 'copyFile') {
        note(() => ({ op: 'open', path: relative(to), truncate: true }));
        note(() => ({ op: 'write', path: relative(to), data: original.readFileSync(to).toString('base64'), at: 0 }));
      } else note(() => ({ op: 'remove', path: relative(from) }));
    };
    wrap(
      name,
      changed,
      (_file, _args) => come(needsSpace),
      (_file, args, result) => told(args, result),
    );
  }

  // What opens, writes and flushes a file.
  const named = (args: readonly unknown[]): string | null => (inside(args[0]) ? args[0] : null);
  wrap(
    'open',
    named,
    (file, args) => opensToWrite(args[1]) && come(!original.existsSync(file)),
    (file, args, opened) => {
      if (typeof opened === 'number') paths.set(opened, file);
      else handles.set(opened as object, file);
      if (opensToWrite(args[1])) note(() => ({ op: 'open', path: relative(file), truncate: truncates(args[1]) }));
    },
  );
  const byDescriptor = (args: readonly unknown[]): string | null => paths.get(args[0] as number) ?? null;
  wrap(
    'write',
    byDescriptor,
    (_file, args) => come(true, () => writeHalf(args[0] as number, bytesOf(args[1] as Bytes, args[2], args[3]))),
    (file, args) =>
      note(() => ({
        op: 'write',
        path: relative(file),
        data: bytesOf(args[1] as Bytes, args[2], args[3]).toString('base64'),
        at: typeof args[4] === 'number' ? args[4] : null,
      })),
  );
  wrap(
    'writev',
    byDescriptor,
    (_file, args) => come(true, () => writeHalf(args[0] as number, Buffer.concat(args[1] as Uint8Array[]))),
    (file, args) =>
      note(() => ({
        op: 'write',
        path: relative(file),
        data: Buffer.concat(args[1] as Uint8Array[]).toString('base64'),
        at: null,
      })),
  );
  wrap(
    'ftruncate',
    byDescriptor,
    () => come(false),
    (file, args) => note(() => ({ op: 'truncate', path: relative(file), size: Number(args[1] ?? 0) })),
  );
  for (const name of ['fsync', 'fdatasync'] as const) {
    wrap(
      name,
      byDescriptor,
      () => come(false),
      (file) => note(() => ({ op: 'flush', path: relative(file) })),
    );
  }
  wrap(
    'close',
    byDescriptor,
    () => {},
    (_file, args) => void paths.delete(args[0] as number),
  );
  for (const name of ['writeFile', 'appendFile'] as const) {
    const either = (args: readonly unknown[]): string | null => named(args) ?? byDescriptor(args);
    wrap(
      name,
      either,
      (file, args) => come(true, () => startFile(file, args[1] as Bytes, name === 'appendFile')),
      (file, args) => {
        note(() => ({ op: 'open', path: relative(file), truncate: name === 'writeFile' }));
        note(() => ({
          op: 'write',
          path: relative(file),
          data: bytesOf(args[1] as Bytes).toString('base64'),
          at: null,
        }));
      },
    );
  }
  wrap(
    'truncate',
    named,
    () => come(false),
    (file, args) => note(() => ({ op: 'truncate', path: relative(file), size: Number(args[1] ?? 0) })),
  );

  // The same by handle.
  function wrapHandle(prototype: Record<string, Call>): void {
    const by = (
      name: string,
      before: (handle: { fd: number }, args: readonly unknown[]) => void,
      after: (file: string, args: readonly unknown[]) => void,
    ) => {
      const done = prototype[name] as Call;
      prototype[name] = async function (this: unknown, ...args: never[]) {
        const handle = this as { fd: number };
        const file = handles.get(handle);
        if (file === undefined) return done.apply(this, args);
        before(handle, args);
        const copied = args.map((arg: unknown) =>
          ArrayBuffer.isView(arg) ? Buffer.from(bytesOf(arg as Uint8Array)) : arg,
        );
        const result = await done.apply(this, args);
        after(file, copied);
        return result;
      };
    };
    const write = (file: string, data: Buffer, at: unknown): void =>
      note(() => ({
        op: 'write',
        path: relative(file),
        data: data.toString('base64'),
        at: typeof at === 'number' ? at : null,
      }));
    by(
      'write',
      (handle, args) => come(true, () => writeHalf(handle.fd, bytesOf(args[0] as Bytes, args[1], args[2]))),
      (file, args) => write(file, bytesOf(args[0] as Bytes, args[1], args[2]), args[3]),
    );
    by(
      'writev',
      (handle, args) => come(true, () => writeHalf(handle.fd, Buffer.concat(args[0] as Uint8Array[]))),
      (file, args) => write(file, Buffer.concat(args[0] as Uint8Array[]), null),
    );
    for (const name of ['writeFile', 'appendFile']) {
      by(
        name,
        (handle, args) => come(true, () => writeHalf(handle.fd, bytesOf(args[0] as Bytes))),
        (file, args) => write(file, bytesOf(args[0] as Bytes), null),
      );
    }
    by(
      'truncate',
      () => come(false),
      (file, args) => note(() => ({ op: 'truncate', path: relative(file), size: Number(args[0] ?? 0) })),
    );
    for (const name of ['sync', 'datasync'])
      by(
        name,
        () => come(false),
        (file) => note(() => ({ op: 'flush', path: relative(file) })),
      );
  }

  /** One function in its three shapes: with a callback, synchronous, with a promise. */
  function wrap(
    name: string,
    changed: (args: readonly unknown[]) => string | null,
    before: (file: string, args: readonly unknown[]) => unknown,
    after: (file: string, args: readonly unknown[], result: unknown) => void,
  ): void {
    const api = fs as unknown as Record<string, Call>;
    const sync = api[`${name}Sync`] as Call;
    api[`${name}Sync`] = function (this: unknown, ...args: never[]) {
      const file = changed(args);
      if (file === null) return sync.apply(this, args);
      before(file, args);
      const result = sync.apply(this, args);
      after(file, args, result);
      return result;
    };
    const later = api[name] as Call;
    api[name] = function (this: unknown, ...args: never[]) {
      const file = changed(args);
      const callback = args.at(-1) as unknown;
      if (file === null || typeof callback !== 'function') return later.apply(this, args);
      try {
        before(file, args);
      } catch (error) {
        return void setImmediate(callback as (error: unknown) => void, error);
      }
      const told = (error: unknown, result: unknown, ...rest: unknown[]): void => {
        if (error === null || error === undefined) after(file, args, result);
        (callback as (...all: unknown[]) => void)(error, result, ...rest);
      };
      return later.apply(this, [...args.slice(0, -1), told as never]);
    };
    const promises = fs.promises as unknown as Record<string, Call | undefined>;
    const promised = promises[name];
    if (promised === undefined) return;
    promises[name] = async function (this: unknown, ...args: never[]) {
      const file = changed(args);
      if (file === null) return promised.apply(this, args);
      before(file, args);
      const result = await promised.apply(this, args);
      after(file, args, result);
      return result;
    };
  }

  wrapHandle(handlePrototype);
  syncBuiltinESMExports();
  if (!isMainThread && role === 'owner') wrapStore({ faults, inside, come, note, relative });
}

/** In the threads of the store: a transaction that writes is one operation. */
function wrapStore({
  faults,
  inside,
  come,
  note,
  relative,
}: {
  faults: FaultPlan;
  inside: (file: unknown) => boolean;
  come: (needsSpace: boolean) => void;
  note: (make: () => Operation) => void;
  relative: (file: string) => string;
}): void {
  interface Connection {
    readonly name: string;
    exec(text: string): unknown;
  }
  const Database = createRequire(import.meta.url)('better-sqlite3') as {
    new (): Connection;
    prototype: Connection;
    SqliteError: new (message: string, code: string) => Error;
  };
  const { exec } = Database.prototype;
  const writing = new WeakSet<Connection>();
  let copies = 0;
  Database.prototype.exec = function (this: Connection, text: string) {
    // A copy that is read is on another disk.
    if (!inside(this.name)) return exec.call(this, text);
    if (text.startsWith('BEGIN IMMEDIATE')) writing.add(this);
    if (!/^COMMIT/.test(text) || !writing.delete(this)) return exec.call(this, text);
    try {
      come(true);
    } catch {
      exec.call(this, 'ROLLBACK');
      throw new Database.SqliteError('database or disk is full', 'SQLITE_FULL');
    }
    const result = exec.call(this, text);
    note(() => {
      const to = `${faults.log}.${process.pid}-${(copies += 1)}.sqlite`;
      for (const ending of ['', '-wal']) {
        if (original.existsSync(this.name + ending)) original.copyFileSync(this.name + ending, to + ending);
      }
      return { op: 'commit', path: relative(this.name), to };
    });
    return result;
  };
}

function die({ dies }: FaultPlan): never {
  // The harness makes the owner the leader of a group of its own.
  process.kill(dies === 'all' ? -(role === 'owner' ? process.pid : process.ppid) : process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error('still alive');
}

function bytesOf(data: Bytes, offset?: unknown, length?: unknown): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  const all = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return all.subarray(
    typeof offset === 'number' ? offset : 0,
    typeof length === 'number' ? (typeof offset === 'number' ? offset : 0) + length : undefined,
  );
}

function writeHalf(descriptor: number, bytes: Buffer): void {
  original.writeSync(descriptor, bytes, 0, bytes.length >> 1);
}

function startFile(file: string, content: Bytes, append: boolean): void {
  const descriptor = original.openSync(file, append ? 'a' : 'w', 0o600);
  writeHalf(descriptor, bytesOf(content));
}

function opensToWrite(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;
  return typeof flags === 'string' && flags !== 'r' && flags !== 'rs';
}

function truncates(flags: unknown): boolean {
  return typeof flags === 'number'
    ? (flags & fs.constants.O_TRUNC) !== 0
    : typeof flags === 'string' && flags.startsWith('w');
}
