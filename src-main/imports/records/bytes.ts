import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadSession } from '../session.ts';
import type { Compression } from '../types.ts';
import { inflateGzip, inflateZstd } from './inflate.ts';

/** Tells gzip and zstd by their magic numbers; a name's ending decides nothing. */
export function compressionOf(head: Uint8Array): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return 'none';
}

/**
 * A file's content, inflated where it is compressed, in chunks of about 128 KiB.
 * @throws WorkbenchError `bad-input` when the compressed data is damaged, cut short, or grows beyond the limits.
 */
export async function* readContent(
  path: string,
  name: string,
  compression: Compression,
  session: ReadSession,
): AsyncGenerator<Buffer> {
  const raw = session.readFile(path, name);
  if (compression === 'none') {
    yield* raw;
    return;
  }
  const inflated = compression === 'gzip' ? inflateGzip(raw) : inflateZstd(raw);
  const guard = new InflationGuard(name, session);
  const startBytes = session.bytesRead;
  try {
    for await (const chunk of inflated) {
      guard.count(chunk.length, session.bytesRead - startBytes);
      yield chunk;
    }
  } catch (cause) {
    throw cause instanceof WorkbenchError ? cause : damaged(name, compression, cause);
  }
}

/** Compressed data that cannot be read on: what came before it is good. */
export class DamagedContent extends WorkbenchError {}

function damaged(name: string, compression: Compression, cause: unknown): DamagedContent {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new DamagedContent(
    'bad-input',
    `${name} is damaged or cut short: its ${compression} data cannot be read (${detail}).`,
    {
      remedy: 'Download or compress the file again.',
      place: { file: name },
      cause,
    },
  );
}

/** Stops a decompression bomb: a bound on the whole, and on the growth once it is large. */
class InflationGuard {
  #inflated = 0;
  readonly #name: string;
  readonly #session: ReadSession;

  constructor(name: string, session: ReadSession) {
    this.#name = name;
    this.#session = session;
  }

  count(bytes: number, compressedBytes: number): void {
    this.#inflated += bytes;
    const { maxInflatedBytes, maxInflationRatio, ratioFromBytes } = this.#session.limits;
    const ratio = this.#inflated / Math.max(1, compressedBytes);
    if (this.#inflated <= maxInflatedBytes && (this.#inflated <= ratioFromBytes || ratio <= maxInflationRatio)) return;
    throw new WorkbenchError(
      'bad-input',
      `${this.#name} was refused: it grows more than ${maxInflationRatio} times, or beyond ${maxInflatedBytes} bytes, when decompressed.`,
      { remedy: 'If you trust the file, decompress it first and import the result.', place: { file: this.#name } },
    );
  }
}

/** The first `length` bytes of a file as they are on disk. */
export async function readHead(path: string, length: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await handle.read(buffer, 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

/**
 * The first `length` bytes of a file's content, inflated where it is compressed, and whether that is all of it. Of damaged data,
 * what could be read.
 */
export async function readContentHead(
  path: string,
  compression: Compression,
  length: number,
  session: ReadSession,
): Promise<{ head: Buffer; whole: boolean }> {
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of readContent(path, basename(path), compression, session)) {
      chunks.push(chunk);
      total += chunk.length;
      if (total > length) break;
    }
  } catch (error) {
    if (!(error instanceof DamagedContent) || total === 0) throw error;
    return { head: Buffer.concat(chunks).subarray(0, length), whole: false };
  }
  return { head: Buffer.concat(chunks).subarray(0, length), whole: total <= length };
}
