import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const block = 512;

/** The first regular file of a .tgz whose name fits, or null. Reads no further than its end. */
export async function readTarEntry(tarball: string, fits: (name: string) => boolean): Promise<Uint8Array | null> {
  const scan = new TarScan(fits);
  await pipeline(createReadStream(tarball), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      scan.feed(chunk);
      if (scan.found !== null) return;
    }
  }).catch((error: NodeJS.ErrnoException) => {
    // Leaving early closes the streams before their end, which is wanted once the entry is there.
    if (scan.found === null) throw error;
  });
  return scan.found;
}

/** Walks header blocks and file contents as bytes arrive. */
class TarScan {
  found: Uint8Array | null = null;
  readonly #fits: (name: string) => boolean;
  #header = Buffer.alloc(0);
  /** Bytes of the current entry, with its padding, still to pass. */
  #left = 0;
  #content: { bytes: Uint8Array; filled: number } | null = null;

  constructor(fits: (name: string) => boolean) {
    this.#fits = fits;
  }

  feed(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.found === null;) {
      at += this.#left > 0 ? this.#pass(chunk, at) : this.#collectHeader(chunk, at);
    }
  }

  #pass(chunk: Buffer, at: number): number {
    const count = Math.min(this.#left, chunk.length - at);
    this.#left -= count;
    if (this.#content !== null) {
      const { bytes, filled } = this.#content;
      const wanted = Math.min(count, bytes.length - filled);
      bytes.set(chunk.subarray(at, at + wanted), filled);
      this.#content.filled += wanted;
      if (this.#content.filled === bytes.length) this.found = bytes;
    }
    return count;
  }

  #collectHeader(chunk: Buffer, at: number): number {
    const count = Math.min(block - this.#header.length, chunk.length - at);
    this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + count)]);
    if (this.#header.length === block) {
      this.#open(this.#header);
      this.#header = Buffer.alloc(0);
    }
    return count;
  }

  #open(header: Buffer): void {
    const text = (from: number, length: number) => header.toString('utf8', from, from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12).trim() || '0', 8);
    const isFile = header[156] === 0x30 || header[156] === 0;
    this.#left = Math.ceil(size / block) * block;
    this.#content = isFile && size > 0 && this.#fits(text(0, 100)) ? { bytes: new Uint8Array(size), filled: 0 } : null;
  }
}
