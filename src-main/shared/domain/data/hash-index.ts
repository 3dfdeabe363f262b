/** 64 bits of a text's hash, as two 32-bit numbers. Of a million texts, two fall together once in 37 million times. */
export interface TextHash {
  low: number;
  high: number;
}

export function hashText(text: string): TextHash {
  let low = 0x811c9dc5 | 0;
  let high = 0x1b873593 | 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul((high << 13) | (high >>> 19), 5) ^ Math.imul(code + 0x7feb352d, 0x85ebca6b);
  }
  return { low: avalanche(low ^ text.length), high: avalanche(high ^ low) };
}

function avalanche(hash: number): number {
  let x = hash ^ (hash >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}

/** From hashes to a number each: open addressing over typed arrays, 12 bytes a slot, which a Map of a million strings is not. */
export class HashIndex {
  #low: Int32Array;
  #high: Int32Array;
  /** The number plus one; 0 = a free slot. */
  #values: Int32Array;
  #used = 0;

  constructor(expected = 16) {
    const slots = slotsFor(expected);
    this.#low = new Int32Array(slots);
    this.#high = new Int32Array(slots);
    this.#values = new Int32Array(slots);
  }

  get size(): number {
    return this.#used;
  }

  get(hash: TextHash): number | undefined {
    const value = this.#values[this.#slotOf(hash)] as number;
    return value === 0 ? undefined : value - 1;
  }

  set(hash: TextHash, value: number): void {
    let slot = this.#slotOf(hash);
    if (this.#values[slot] === 0) {
      if (this.#used * 3 >= this.#values.length * 2) {
        this.#grow();
        slot = this.#slotOf(hash);
      }
      this.#used++;
    }
    this.#low[slot] = hash.low;
    this.#high[slot] = hash.high;
    this.#values[slot] = value + 1;
  }

  #slotOf({ low, high }: TextHash): number {
    const mask = this.#values.length - 1;
    let slot = low & mask;
    while (this.#values[slot] !== 0 && (this.#low[slot] !== low || this.#high[slot] !== high)) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const [low, high, values] = [this.#low, this.#high, this.#values];
    const slots = values.length * 2;
    this.#low = new Int32Array(slots);
    this.#high = new Int32Array(slots);
    this.#values = new Int32Array(slots);
    for (let i = 0; i < values.length; i++) {
      if (values[i] === 0) continue;
      const slot = this.#slotOf({ low: low[i] as number, high: high[i] as number });
      this.#low[slot] = low[i] as number;
      this.#high[slot] = high[i] as number;
      this.#values[slot] = values[i] as number;
    }
  }
}

export function slotsFor(expected: number): number {
  let slots = 16;
  while (slots < expected * 1.5) slots *= 2;
  return slots;
}
