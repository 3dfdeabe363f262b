import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Gunzip, ZstdDecompress } from 'node:zlib';

/** Fed in pieces of this size, so that little is inflated before its growth is judged. */
const pieceBytes = 2 ** 14;
const chunkSize = 2 ** 17;

/** Inflates gzip data. All that could be read before damage, or before a cut, comes out before the error does. */
export async function* inflateGzip(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflater = new Inflater(createGunzip({ chunkSize }));
  try {
    for await (const chunk of chunks) for (const piece of pieces(chunk)) yield* inflater.write(piece);
    yield* inflater.end();
  } finally {
    inflater.close();
  }
}

/**
 * Inflates zstd data of any number of frames, as `inflateGzip`. Node's decompressor ends silently when a frame ends inside a
 * chunk, and drops what follows (v24); files of several frames are common (`cat a.zst b.zst`, parallel writers), so each frame's
 * rest is fed to a decompressor of its own.
 */
export async function* inflateZstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let frame: Inflater | null = null;
  try {
    for await (const chunk of chunks) {
      for (let rest = chunk; rest.length > 0;) {
        const piece = rest.subarray(0, pieceBytes);
        frame ??= new Inflater(createZstdDecompress({ chunkSize }));
        yield* frame.write(piece);
        const left = frame.leftOver();
        rest = rest.subarray(piece.length - left);
        if (left === 0) continue;
        frame.close();
        frame = null;
      }
    }
    if (frame !== null) yield* frame.end();
  } finally {
    frame?.close();
  }
}

function* pieces(chunk: Buffer): Generator<Buffer> {
  for (let from = 0; from < chunk.length; from += pieceBytes) yield chunk.subarray(from, from + pieceBytes);
}

/**
 * One decompressor, fed piece by piece. What it has put out is taken as it comes: a stream that is read by iteration drops what it
 * holds when it fails.
 */
class Inflater {
  readonly #stream: Gunzip | ZstdDecompress;
  #out: Buffer[] = [];
  #failure: Error | null = null;
  #ended = false;
  #fedBytes = 0;
  #settle: () => void = () => {};

  constructor(stream: Gunzip | ZstdDecompress) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#out.push(chunk));
    stream.on('error', (error) => {
      this.#failure = error;
      this.#settle();
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#settle();
    });
    stream.on('close', () => this.#settle());
  }

  /** What is behind the end of the data (padding, say) is passed over. */
  async *write(piece: Buffer): AsyncGenerator<Buffer> {
    if (this.#ended) return;
    this.#fedBytes += piece.length;
    await this.#until((done) => this.#stream.write(piece, done));
    yield* this.#taken();
  }

  async *end(): AsyncGenerator<Buffer> {
    if (!this.#ended) await this.#until(() => this.#stream.end());
    yield* this.#taken();
  }

  /** A stream that has failed or come to its end does not call back: its events settle the wait then. */
  async #until(act: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
      act(resolve);
    });
  }

  /** Bytes of the last piece that are behind the frame's end. */
  leftOver(): number {
    const left = this.#fedBytes - this.#stream.bytesWritten;
    if (left === this.#fedBytes) throw new Error('the data between two frames is no zstd');
    return Math.max(0, left);
  }

  close(): void {
    this.#stream.destroy();
  }

  *#taken(): Generator<Buffer> {
    const out = this.#out;
    this.#out = [];
    yield* out;
    if (this.#failure !== null) throw this.#failure;
  }
}
