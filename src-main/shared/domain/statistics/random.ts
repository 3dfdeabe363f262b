/**
 * A small seeded generator (sfc32, period ≈ 2^128) for resampling: the same seed gives the same intervals on every
 * machine, and a block of indices is drawn in one call because resampling is the inner loop of the whole page.
 */
export class SeededRandom {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    // Low and high half of the seed, so that seeds above 2^32 differ too.
    this.a = seed | 0;
    this.b = Math.floor(seed / 4294967296) | 0;
    this.c = 0x243f6a88;
    for (let round = 0; round < 12; round += 1) this.nextUint32();
  }

  nextUint32(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.nextUint32() / 4294967296;
  }

  /** Fills `out` with indices uniform in [0, count). */
  fillIndices(out: Uint32Array, count: number): void {
    // State in locals: the fields would be written back at every draw.
    let { a, b, c, counter } = this;
    const scale = count / 4294967296;
    for (let i = 0; i < out.length; i += 1) {
      const sum = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      out[i] = (sum >>> 0) * scale;
    }
    Object.assign(this, { a, b, c, counter });
  }

  /** 0 … count − 1 in random order (Fisher–Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, i) => i);
    for (let last = count - 1; last > 0; last -= 1) {
      const other = Math.floor(this.next() * (last + 1));
      const kept = order[last] as number; // both indices lie in [0, count)
      order[last] = order[other] as number;
      order[other] = kept;
    }
    return order;
  }
}
