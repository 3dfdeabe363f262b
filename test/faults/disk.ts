import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Operation } from './plan.ts';

interface File {
  now: Buffer;
  /** What a flush has put on disk. */
  kept: Buffer;
}
interface Folder {
  now: Map<string, File | Folder>;
  kept: Map<string, File | Folder>;
}

/**
 * What a power cut leaves. `names`: names that were never flushed are there all the same, with the content that was (a new file is
 * empty), as on file systems that write their directories first. `strict`: a name is there once its folder was flushed.
 */
export type Cut = 'names' | 'strict';

/** A disk with a cache that forgets: it takes operations one by one, and says at any time what a power cut would leave. */
export class Disk {
  readonly #root: Folder = folder();
  /** Content is never changed in place: a number stands for it. */
  readonly #numbers = new Map<Buffer, number>();

  /** A folder as it is on disk, flushed; the store's files are left out, since they are taken as they were at a commit. */
  static of(root: string): Disk {
    const disk = new Disk();
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const name = path.relative(root, path.join(entry.parentPath, entry.name));
      if (entry.isDirectory()) disk.#folder(name);
      else if (!isStore(name)) disk.#put(name, file(readFileSync(path.join(root, name))));
    }
    disk.#flushAll(disk.#root);
    return disk;
  }

  do(operation: Operation): void {
    const at = operation.path;
    switch (operation.op) {
      case 'open': {
        const found = this.#find(at);
        if (found === undefined) this.#put(at, file(Buffer.alloc(0), Buffer.alloc(0)));
        else if ('kept' in found && Buffer.isBuffer(found.now) && operation.truncate) found.now = Buffer.alloc(0);
        return;
      }
      case 'write': {
        const found = this.#file(at);
        const data = Buffer.from(operation.data, 'base64');
        const start = operation.at ?? found.now.length;
        const grown = Buffer.alloc(Math.max(found.now.length, start + data.length));
        found.now.copy(grown);
        data.copy(grown, start);
        found.now = grown;
        return;
      }
      case 'truncate': {
        const found = this.#file(at);
        found.now = Buffer.concat([found.now, Buffer.alloc(operation.size)]).subarray(0, operation.size);
        return;
      }
      case 'flush': {
        const found = this.#find(at);
        if (found === undefined) return;
        if (isFolder(found)) found.kept = new Map(found.now);
        else found.kept = found.now;
        return;
      }
      case 'rename':
      case 'link': {
        const found = this.#find(at);
        if (found === undefined) throw new Error(`${at} is not there`);
        if (operation.op === 'rename') this.#remove(at);
        this.#put(operation.to, found);
        return;
      }
      case 'remove':
        return this.#remove(at);
      case 'folder':
        this.#folder(at);
        return;
      case 'commit':
    }
  }

  /** Writes out what is left after a power cut now. Returns a text too, by which equal states of this disk are known. */
  cut(how: Cut, into: string | null): string {
    const told: string[] = [];
    const write = (found: Folder, at: string): void => {
      if (into !== null) mkdirSync(path.join(into, at), { recursive: true });
      for (const [name, child] of [...(how === 'strict' ? found.kept : found.now)].sort(([a], [b]) =>
        a < b ? -1 : 1,
      )) {
        const place = path.join(at, name);
        told.push(isFolder(child) ? `${place}/` : `${place} ${this.#numberOf(child.kept)}`);
        if (isFolder(child)) write(child, place);
        else if (into !== null) writeFileSync(path.join(into, place), child.kept, { mode: 0o600 });
      }
    };
    write(this.#root, '');
    return told.join('\n');
  }

  #numberOf(content: Buffer): number {
    const number = this.#numbers.get(content) ?? this.#numbers.size;
    this.#numbers.set(content, number);
    return number;
  }

  #find(at: string): File | Folder | undefined {
    let found: File | Folder | undefined = this.#root;
    for (const name of parts(at)) found = found !== undefined && isFolder(found) ? found.now.get(name) : undefined;
    return found;
  }

  #file(at: string): File {
    const found = this.#find(at);
    if (found === undefined || isFolder(found)) throw new Error(`${at} is no file`);
    return found;
  }

  #folder(at: string): Folder {
    let found = this.#root;
    for (const name of parts(at)) {
      const child = found.now.get(name) ?? folder();
      if (!isFolder(child)) throw new Error(`${at} leads through a file`);
      found.now.set(name, child);
      found = child;
    }
    return found;
  }

  #put(at: string, what: File | Folder): void {
    this.#folder(path.dirname(at)).now.set(path.basename(at), what);
  }

  #remove(at: string): void {
    this.#folder(path.dirname(at)).now.delete(path.basename(at));
  }

  #flushAll(found: Folder): void {
    found.kept = new Map(found.now);
    for (const child of found.now.values()) if (isFolder(child)) this.#flushAll(child);
  }
}

export function isStore(name: string): boolean {
  return /^workspace\.sqlite(-wal|-shm)?$/.test(name);
}

function isFolder(found: File | Folder): found is Folder {
  return found.now instanceof Map;
}

function file(now: Buffer, kept: Buffer = now): File {
  return { now, kept };
}

function folder(): Folder {
  return { now: new Map(), kept: new Map() };
}

function parts(at: string): string[] {
  return at.split(path.sep).filter((name) => name !== '' && name !== '.');
}
