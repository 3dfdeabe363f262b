/**
 * Finds the elements of one array inside a JSON document of any size, chunk by chunk, without parsing it; with `entries`, those of
 * an array or of an object, whose elements are then its `"key": value` entries.
 *
 * Written here rather than taken from a token-streaming library for three reasons: a record's line number has to reach
 * the user; one malformed element must become one problem, where a tokeniser ends the stream; and cutting bytes, then
 * parsing each element natively, is several times faster than building values token by token.
 */

const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;
const newline = 0x0a;
const space = 0x20;

/** `bytes` is null when the element is beyond the limit. */
export interface Element {
  line: number;
  bytes: Buffer | null;
}

type Phase = 'seeking' | 'inside' | 'after';

export class JsonArrayScanner {
  readonly #path: readonly string[];
  readonly #maxElementBytes: number;
  readonly #entries: boolean;
  /** What closes the array, or the object whose entries are wanted. */
  #close = closeBracket;
  #phase: Phase = 'seeking';
  #line = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** How many keys of the path lead to the object the scan is in. */
  #matched = 0;
  #expectKey = false;
  #keyMatches = false;
  #keyBytes: number[] | null = null;
  /** Depth of the array's own elements. */
  #arrayDepth = 0;
  #elementLine = 0;
  #element: Collector | null = null;
  #trailingLine: number | null = null;
  readonly #header: Collector;

  constructor(path: readonly string[], maxElementBytes: number, maxHeaderBytes: number, entries = false) {
    this.#path = path;
    this.#entries = entries;
    this.#maxElementBytes = maxElementBytes;
    this.#header = new Collector(maxHeaderBytes);
  }

  /** Where the scan is: the array not met yet, inside it, or past its end. */
  get phase(): Phase {
    return this.#phase;
  }

  /** The line that the scan has come to. */
  get line(): number {
    return this.#line;
  }

  /** Whether the elements are an object's entries. */
  get isObject(): boolean {
    return this.#close === closeBrace;
  }

  /** The document without the array's elements; null when it is beyond the limit. */
  header(): Buffer | null {
    return this.#header.take();
  }

  /** The element that the end of the file cut, if there is one. */
  unfinishedLine(): number | null {
    return this.#element === null ? null : this.#elementLine;
  }

  /** Where text follows a list that is the whole document; null where none does. */
  get trailingLine(): number | null {
    return this.#trailingLine;
  }

  push(chunk: Buffer): Element[] {
    const found: Element[] = [];
    let ending = -1;
    let from = 0; // start of what has not been handed to a collector yet
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (byte === newline) this.#line += 1;
      if (this.#phase === 'after') {
        if (byte > space && this.#path.length === 0 && at > ending) this.#trailingLine ??= this.#line;
        continue;
      }
      if (this.#inString) this.#insideString(byte);
      else if (this.#phase === 'seeking') {
        if (this.#seek(byte)) {
          this.#header.add(chunk.subarray(from, at + 1));
          from = at + 1;
        }
      } else if (byte > space) {
        const ended = byte === this.#close && this.#depth === this.#arrayDepth;
        if (ended || (byte === comma && this.#depth === this.#arrayDepth)) {
          this.#element?.add(chunk.subarray(from, at));
          this.#finishElement(found);
          from = ended ? at : at + 1;
          if (ended) {
            this.#phase = 'after';
            ending = at;
          }
        } else {
          if (this.#element === null) {
            this.#element = new Collector(this.#maxElementBytes);
            this.#elementLine = this.#line;
            from = at;
          }
          this.#structure(byte);
        }
      }
    }
    const rest = chunk.subarray(from);
    if (this.#phase === 'inside') this.#element?.add(rest);
    else this.#header.add(rest);
    return found;
  }

  #finishElement(found: Element[]): void {
    if (this.#element === null) return;
    found.push({ line: this.#elementLine, bytes: this.#element.take() });
    this.#element = null;
  }

  #insideString(byte: number): void {
    if (this.#keyBytes !== null && this.#keyBytes.length < 256) this.#keyBytes.push(byte);
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) {
      this.#inString = false;
      if (this.#keyBytes !== null) this.#endKey(this.#keyBytes);
    }
  }

  #endKey(bytes: number[]): void {
    this.#keyMatches = Buffer.from(bytes.slice(0, -1)).toString('utf8') === this.#path[this.#matched];
    this.#keyBytes = null;
    this.#expectKey = false;
  }

  /** Follows the structure inside an element. A closing bracket too many is left to the parser to refuse. */
  #structure(byte: number): void {
    if (byte === quote) this.#inString = true;
    else if (byte === openBrace || byte === openBracket) this.#depth += 1;
    else if ((byte === closeBrace || byte === closeBracket) && this.#depth > this.#arrayDepth) this.#depth -= 1;
  }

  /** One byte on the way to the array; answers true when the array begins. */
  #seek(byte: number): boolean {
    const here = this.#depth === this.#matched + 1;
    switch (byte) {
      case quote:
        this.#inString = true;
        if (here && this.#expectKey) this.#keyBytes = [];
        return false;
      case comma:
        if (here) this.#expectKey = true;
        return false;
      case colon:
        return false;
      case openBrace:
        return this.#enterObject(here);
      case openBracket:
        return this.#enterArray(here);
      case closeBrace:
      case closeBracket:
        this.#depth -= 1;
        if (this.#matched > 0 && this.#depth <= this.#matched) this.#matched -= 1;
        this.#keyMatches = false;
        return false;
      default:
        return false;
    }
  }

  #enterObject(here: boolean): boolean {
    const isRoot = this.#depth === 0;
    if (this.#entries && this.#isWanted(here)) return this.#enter(closeBrace);
    if (here && this.#keyMatches && this.#matched < this.#path.length - 1) this.#matched += 1;
    this.#depth += 1;
    this.#expectKey = isRoot || this.#depth === this.#matched + 1;
    this.#keyMatches = false;
    return false;
  }

  #enterArray(here: boolean): boolean {
    if (this.#isWanted(here)) return this.#enter(closeBracket);
    this.#depth += 1;
    return false;
  }

  #isWanted(here: boolean): boolean {
    if (this.#path.length === 0) return this.#depth === 0;
    return here && this.#keyMatches && this.#matched === this.#path.length - 1;
  }

  #enter(close: number): boolean {
    this.#close = close;
    this.#depth += 1;
    this.#phase = 'inside';
    this.#arrayDepth = this.#depth;
    return true;
  }
}

/** Gathers pieces up to a limit; past it, nothing is held and nothing comes out. */
class Collector {
  #pieces: Buffer[] = [];
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#maxBytes) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  take(): Buffer | null {
    return this.#bytes > this.#maxBytes ? null : Buffer.concat(this.#pieces);
  }
}
