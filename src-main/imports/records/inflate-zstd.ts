import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';

/**
 * Inflates zstd data of any number of frames. Node's decompressor ends silently when a frame ends inside a chunk, and
 * drops what follows (v24); files of several frames are common (`cat a.zst b.zst`, parallel writers), so each frame's rest
 * is fed to a decompressor of its own.
 */
export async function* inflateZstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = chunks[Symbol.asyncIterator]();
  try {
    let rest = await nextChunk(source);
    while (rest !== null) {
      const frame = createZstdDecompress({ chunkSize: 2 ** 17 });
      const feeder = new Feeder(frame, source, rest);
      void feeder.run();
      try {
        yield* frame as AsyncIterable<Buffer>;
      } finally {
        frame.destroy();
      }
      rest = feeder.rest();
    }
  } finally {
    await source.return?.();
  }
}

async function nextChunk(source: AsyncIterator<Buffer>): Promise<Buffer | null> {
  const result = await source.next();
  return result.done === true ? null : result.value;
}

/** Feeds one decompressor, and knows what of the last chunk it left. */
class Feeder {
  readonly #frame: ZstdDecompress;
  readonly #source: AsyncIterator<Buffer>;
  #chunk: Buffer;
  #fedBytes = 0;

  constructor(frame: ZstdDecompress, source: AsyncIterator<Buffer>, first: Buffer) {
    this.#frame = frame;
    this.#source = source;
    this.#chunk = first;
  }

  /** Feeds chunks until there are no more, or the frame has ended inside one. */
  async run(): Promise<void> {
    try {
      for (let chunk: Buffer | null = this.#chunk; chunk !== null; chunk = await nextChunk(this.#source)) {
        this.#chunk = chunk;
        this.#fedBytes += chunk.length;
        await this.#write(chunk);
        if (this.#fedBytes > this.#frame.bytesWritten) return; // the next chunk belongs to the next frame
      }
      this.#frame.end();
    } catch (error) {
      this.#frame.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  rest(): Buffer | null {
    const left = this.#fedBytes - this.#frame.bytesWritten;
    if (left <= 0) return null;
    if (left === this.#fedBytes) throw new Error('the data between two frames is no zstd');
    return this.#chunk.subarray(this.#chunk.length - left);
  }

  #write(chunk: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#frame.write(chunk, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
