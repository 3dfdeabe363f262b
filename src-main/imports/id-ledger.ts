const lanes = 3;
const emptyLine = 0;

/**
 * Remembers which ids a stream has had, and on which line first, in 16 to 24 bytes an id where a Set of strings takes
 * about 100. It keeps 64 bits of a hash of each id; that two different ids among ten million agree in it has a
 * probability below 10⁻⁵. The table is split in shards that grow one by one, so that growing never holds it twice.
 */
export class IdLedger {
  readonly #shards = Array.from({ length: 64 }, () => new Shard());

  /** Records `id` for `line` (≥ 1). Answers the line it was first seen on, or null when it is new. */
  add(id: string, line: number): number | null {
    const [high, low] = hash64(id);
    return this.#shard(high).add(high, low, line);
  }

  has(id: string): boolean {
    const [high, low] = hash64(id);
    return this.#shard(high).has(high, low);
  }

  #shard(high: number): Shard {
    const shard = this.#shards[high >>> 26];
    if (shard === undefined) throw new RangeError('six bits name one of 64 shards');
    return shard;
  }
}

class Shard {
  #slots = new Uint32Array(64 * lanes);
  #size = 0;

  add(high: number, low: number, line: number): number | null {
    if ((this.#size + 1) * lanes * 4 > this.#slots.length * 3) this.#grow();
    const at = find(this.#slots, high, low);
    const seen = this.#slots[at + 2] ?? emptyLine;
    if (seen !== emptyLine) return seen;
    write(this.#slots, at, high, low, line);
    this.#size += 1;
    return null;
  }

  has(high: number, low: number): boolean {
    return this.#slots[find(this.#slots, high, low) + 2] !== emptyLine;
  }

  #grow(): void {
    const larger = new Uint32Array(Math.ceil((this.#slots.length / lanes) * 1.5) * lanes);
    for (let at = 0; at < this.#slots.length; at += lanes) {
      const line = this.#slots[at + 2] ?? emptyLine;
      if (line === emptyLine) continue;
      const high = this.#slots[at] ?? 0;
      const low = this.#slots[at + 1] ?? 0;
      write(larger, find(larger, high, low), high, low, line);
    }
    this.#slots = larger;
  }
}

/** Offset of the slot that holds the hash, or of the free one where it belongs (linear probing). */
function find(slots: Uint32Array, high: number, low: number): number {
  const count = slots.length / lanes;
  let index = low % count;
  for (;;) {
    const at = index * lanes;
    if (slots[at + 2] === emptyLine || (slots[at] === high && slots[at + 1] === low)) return at;
    index = index + 1 === count ? 0 : index + 1;
  }
}

function write(slots: Uint32Array, at: number, high: number, low: number, line: number): void {
  slots[at] = high;
  slots[at + 1] = low;
  slots[at + 2] = line;
}

/** Two 32-bit lanes of multiply–xor mixing over the code units, with MurmurHash3's finaliser crossing the lanes. */
function hash64(text: string): [number, number] {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return [high >>> 0, low >>> 0];
}
