import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { defaultLimits, type ImportLimits } from './limits.ts';
import type { ProvenanceFile } from './types.ts';

const chunkBytes = 2 ** 17;
/** Looking at a whole file before it is read takes larger bites: nothing is kept of them. */
const scratchChunkBytes = 2 ** 20;

/** What one reading of a source shares among its parts: limits, cancellation, bytes read, hashes, notes. */
export class ReadSession {
  readonly limits: ImportLimits;
  readonly files: ProvenanceFile[] = [];
  bytesRead = 0;
  totalBytes = 0;
  readonly #signal: AbortSignal | undefined;
  #isScratch = false;
  readonly #notes = new Map<string, number>();

  constructor(options: { limits?: Partial<ImportLimits> | undefined; signal?: AbortSignal | undefined } = {}) {
    this.limits = { ...defaultLimits, ...options.limits };
    this.#signal = options.signal;
  }

  /** For looking at a source before it is read: the same limits and cancellation, its bytes and hashes counted nowhere. */
  scratch(): ReadSession {
    const scratch = new ReadSession({ limits: this.limits, signal: this.#signal });
    scratch.#isScratch = true;
    return scratch;
  }

  /** @throws WorkbenchError `cancelled` once the caller's signal is aborted. */
  checkCancelled(): void {
    if (this.#signal?.aborted === true) throw new WorkbenchError('cancelled', 'The import was cancelled.');
  }

  /** Counts an event that deserves a sentence at the end; `{n}` in the sentence becomes the count. */
  note(sentence: string): void {
    this.#notes.set(sentence, (this.#notes.get(sentence) ?? 0) + 1);
  }

  /** A record with an infinite number, of which no score or metric can be made. */
  noteInfinite(): void {
    this.note('{n} records hold infinite numbers, which were taken as none.');
  }

  notes(): string[] {
    return [...this.#notes].map(([sentence, count]) => sentence.replace('{n}', count.toLocaleString('en-US')));
  }

  /** A file's bytes as they are on disk, counted and hashed along the way. */
  readFile(path: string, name: string): AsyncGenerator<Buffer> {
    return this.#readFile(path, name, (bytes) => this.count(bytes));
  }

  /** Bytes of a source that are done with, for progress. */
  count(bytes: number): void {
    this.bytesRead += bytes;
  }

  async *#readFile(path: string, name: string, count: (bytes: number) => void): AsyncGenerator<Buffer> {
    const file: ProvenanceFile = { name, bytes: await sizeOf(path), sha256: null };
    this.files.push(file);
    const hash = this.#isScratch ? null : createHash('sha256');
    const highWaterMark = this.#isScratch ? scratchChunkBytes : chunkBytes;
    for await (const chunk of createReadStream(path, { highWaterMark }) as AsyncIterable<Buffer>) {
      this.checkCancelled();
      hash?.update(chunk);
      count(chunk.length);
      yield chunk;
    }
    file.sha256 = hash?.digest('hex') ?? null;
  }

  /** Hashes a file that is read out of order afterwards (archives, Parquet): its reader counts what it is done with. */
  async hashFile(path: string, name: string): Promise<void> {
    if (this.#isScratch) return;
    for await (const chunk of this.#readFile(path, name, () => {})) void chunk;
  }
}

/** @throws WorkbenchError `not-found` when there is nothing at the path. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw new WorkbenchError('not-found', `There is no file or folder at ${path}.`, { cause, place: { file: path } });
  }
}
