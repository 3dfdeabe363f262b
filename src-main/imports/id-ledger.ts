/** Each slot is the two halves of a hash; both 0 is a free slot. */
const lanes = 2;
const shardCount = 256;
const growth = 1.25;

/**
 * Remembers which ids a stream has had, in 10 to 13 bytes an id where a Set of strings takes about 100. It keeps 64 bits
 * of a hash of each id; that two different ids among ten million agree in it has a probability below 10⁻⁵. The table is
 * split in shards that grow one by one and by little, so that growing never holds the whole twice.
 */
export class IdLedger {
  /** Their first sizes differ, so that they do not all grow at the same time. */
  readonly #shards = Array.from(
    { length: shardCount },
    (_, i) => new Shard(Math.round(256 * growth ** (i / shardCount))),
  );

  /** Records an id; answers false when it was there already. */
  add(id: string): boolean {
    const [high, low] = hash64(id);
    return this.#shard(high).add(high, low);
  }

  has(id: string): boolean {
    const [high, low] = hash64(id);
    return this.#shard(high).has(high, low);
  }

  #shard(high: number): Shard {
    const shard = this.#shards[high >>> 24];
    if (shard === undefined) throw new RangeError('eight bits name one of 256 shards');
    return shard;
  }
}

class Shard {
  #slots: Uint32Array;
  #size = 0;

  constructor(slots: number) {
    this.#slots = new Uint32Array(slots * lanes);
  }

  add(high: number, low: number): boolean {
    if ((this.#size + 1) * lanes * 5 > this.#slots.length * 4) this.#grow();
    const at = find(this.#slots, high, low);
    if (!isFree(this.#slots, at)) return false;
    write(this.#slots, at, high, low);
    this.#size += 1;
    return true;
  }

  has(high: number, low: number): boolean {
    return !isFree(this.#slots, find(this.#slots, high, low));
  }

  #grow(): void {
    const larger = new Uint32Array(Math.ceil((this.#slots.length / lanes) * growth) * lanes);
    for (let at = 0; at < this.#slots.length; at += lanes) {
      if (isFree(this.#slots, at)) continue;
      const high = this.#slots[at] ?? 0;
      const low = this.#slots[at + 1] ?? 0;
      write(larger, find(larger, high, low), high, low);
    }
    this.#slots = larger;
  }
}

function isFree(slots: Uint32Array, at: number): boolean {
  return slots[at] === 0 && slots[at + 1] === 0;
}

/** Offset of the slot that holds the hash, or of the free one where it belongs (linear probing). */
function find(slots: Uint32Array, high: number, low: number): number {
  const count = slots.length / lanes;
  let index = low % count;
  for (;;) {
    const at = index * lanes;
    if ((slots[at] === high && slots[at + 1] === low) || isFree(slots, at)) return at;
    index = index + 1 === count ? 0 : index + 1;
  }
}

function write(slots: Uint32Array, at: number, high: number, low: number): void {
  slots[at] = high;
  slots[at + 1] = low;
}

/** Two 32-bit lanes of multiply–xor mixing over the code units, with MurmurHash3's finaliser crossing the lanes. */
function hash64(text: string): [high: number, low: number] {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  // Never the pair that marks a free slot.
  return [high >>> 0, (high | low) === 0 ? 1 : low >>> 0];
}
