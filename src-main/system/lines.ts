const newline = 0x0a;
const carriageReturn = 0x0d;

/** What ends a line: a line feed, or (old Macs, some exports) a carriage return alone. */
export type LineEnd = 'lf' | 'cr';

/** One line of a file or a stream, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Null for a line beyond the limit: it is counted and passed over, never held. */
  readonly bytes: Buffer | null;
  /** False for a last line that no newline ends, as a process leaves it that was killed while it wrote. */
  readonly ended: boolean;
  /** Bytes of the source up to here, this line's end included. */
  readonly endByte: number;
}

/**
 * Cuts chunks into lines, at `\n` and nowhere else: U+2028 and its like belong to a text, and JSON leaves them as they are. A `\r`
 * before the end and a byte order mark at the start are dropped. Holds at most one unfinished line, and of that at most `maxBytes`.
 */
export class LineSplitter {
  #number = 1;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  #overflown = false;
  #passedBytes = 0;
  readonly #maxBytes: number;
  readonly #end: number;

  /** `end`: what ends a line; a file of carriage returns alone (old Macs, some exports) says so. */
  constructor(maxBytes: number, end: LineEnd = 'lf') {
    this.#maxBytes = maxBytes;
    this.#end = end === 'cr' ? carriageReturn : newline;
  }

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(this.#end); at !== -1; at = chunk.indexOf(this.#end, from)) {
      this.#hold(chunk.subarray(from, at));
      lines.push(this.#release(true));
      from = at + 1;
    }
    this.#hold(chunk.subarray(from));
    return lines;
  }

  /** The last line, where the source does not end in a newline. */
  end(): Line[] {
    return this.#heldBytes === 0 && !this.#overflown ? [] : [this.#release(false)];
  }

  #hold(piece: Buffer): void {
    this.#passedBytes += piece.length;
    if (this.#overflown || piece.length === 0) return;
    this.#heldBytes += piece.length;
    if (this.#heldBytes > this.#maxBytes) {
      this.#overflown = true;
      this.#pieces = [];
    } else {
      this.#pieces.push(piece);
    }
  }

  #release(ended: boolean): Line {
    const [first] = this.#pieces;
    const joined = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    const bytes = this.#overflown ? null : trimmed(joined, this.#number === 1);
    if (ended) this.#passedBytes += 1;
    const line: Line = { number: this.#number, bytes, ended, endByte: this.#passedBytes };
    this.#number += 1;
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#overflown = false;
    return line;
  }
}

function trimmed(bytes: Buffer, isFirst: boolean): Buffer {
  const body = isFirst ? withoutBom(bytes) : bytes;
  return body.at(-1) === carriageReturn ? body.subarray(0, -1) : body;
}

/** Drops a UTF-8 byte order mark. */
export function withoutBom(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === carriageReturn);
}
