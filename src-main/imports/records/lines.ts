import type { Place } from '../types.ts';
import { problemRecord, type RawRecord } from './record.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;

/** `bytes` is null for a line beyond the limit: it is counted and passed over, never held. */
export interface Line {
  number: number;
  bytes: Buffer | null;
}

/** Cuts chunks into lines. Holds at most one unfinished line, and of that at most the limit. */
export class LineSplitter {
  #number = 1;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  #overflown = false;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      this.#hold(chunk.subarray(from, at));
      lines.push(this.#release());
      from = at + 1;
    }
    this.#hold(chunk.subarray(from));
    return lines;
  }

  end(): Line[] {
    return this.#heldBytes === 0 && !this.#overflown ? [] : [this.#release()];
  }

  #hold(piece: Buffer): void {
    if (this.#overflown || piece.length === 0) return;
    this.#heldBytes += piece.length;
    if (this.#heldBytes > this.#maxBytes) {
      this.#overflown = true;
      this.#pieces = [];
    } else {
      this.#pieces.push(piece);
    }
  }

  #release(): Line {
    const [first] = this.#pieces;
    const joined = this.#pieces.length === 1 && first !== undefined ? first : Buffer.concat(this.#pieces);
    const line: Line = { number: this.#number, bytes: this.#overflown ? null : trimmed(joined, this.#number === 1) };
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

export function tooLarge(place: Place, maxBytes: number): RawRecord {
  return problemRecord(place, 'too-large', `The record is larger than ${maxBytes} bytes.`);
}

/** Drops a UTF-8 byte order mark. */
export function withoutBom(bytes: Buffer): Buffer {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === carriageReturn);
}
