import { createHash } from 'node:crypto';
import type { FolderReader, FolderWriter } from '../../src-main/engine/ports.ts';

/** A folder in memory: a writer's files, readable as a folder. */
export class MemoryFolder implements FolderReader, FolderWriter {
  readonly label: string;
  readonly files: Map<string, Uint8Array>;
  committed = false;

  constructor(files: Record<string, string | Uint8Array> = {}, label = 'memory') {
    this.label = label;
    const bytes = (content: string | Uint8Array) => (typeof content === 'string' ? Buffer.from(content) : content);
    this.files = new Map(Object.entries(files).map(([name, content]) => [name, bytes(content)]));
  }

  async list(): Promise<string[]> {
    return [...this.files.keys()];
  }

  async readText(name: string): Promise<string> {
    return Buffer.from(this.#file(name)).toString('utf8');
  }

  async readBytes(name: string, offset = 0, length?: number): Promise<Uint8Array> {
    const file = this.#file(name);
    return file.slice(offset, length === undefined ? undefined : offset + length);
  }

  async writeText(name: string, text: string): Promise<void> {
    this.files.set(name, Buffer.from(text));
  }

  async writeBytes(name: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk.slice());
    this.files.set(name, new Uint8Array(Buffer.concat(parts)));
    return createHash('sha256').update(this.#file(name)).digest('hex');
  }

  async commit(): Promise<void> {
    this.committed = true;
  }

  async abandon(): Promise<void> {
    this.files.clear();
  }

  #file(name: string): Uint8Array {
    const file = this.files.get(name);
    if (file === undefined) throw new Error(`${name} is not in the folder`);
    return file;
  }
}
