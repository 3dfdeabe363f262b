/**
 * Rows in order of a number, stable, NaN last in either direction: a radix sort, because sorting a million rows with a
 * comparator takes longer than people wait (about 0.1 s against 0.5 s).
 */
export function sortRows(rows: Int32Array, keyOf: (row: number) => number, descending: boolean): Int32Array {
  const count = rows.length;
  const high = new Uint32Array(count);
  const low = new Uint32Array(count);
  const number = new Float64Array(1);
  const bits = new Uint32Array(number.buffer);
  for (let i = 0; i < count; i++) {
    const key = keyOf(rows[i] ?? 0);
    if (Number.isNaN(key)) {
      high[i] = low[i] = 0xffffffff;
      continue;
    }
    // + 0 makes −0 equal to 0.
    number[0] = (descending ? -key : key) + 0;
    const [b0, b1] = [bits[0] ?? 0, bits[1] ?? 0];
    // Makes the order of doubles that of unsigned bits: flip all bits of a negative, the sign bit of a positive.
    const negative = b1 >>> 31 === 1;
    high[i] = negative ? ~b1 : b1 ^ 0x80000000;
    low[i] = negative ? ~b0 : b0;
  }
  let order = new Int32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (const [words, shift] of [
    [low, 0],
    [low, 16],
    [high, 0],
    [high, 16],
  ] as const) {
    order = passOver(order, words, shift);
  }
  return order.map((i) => rows[i] ?? 0);
}

/** One stable counting pass over 16 bits; nothing to do if all are equal. */
function passOver(order: Int32Array<ArrayBuffer>, words: Uint32Array, shift: 0 | 16): Int32Array<ArrayBuffer> {
  const starts = new Int32Array(65_536);
  for (const word of words) starts[(word >>> shift) & 0xffff]!++;
  let sum = 0;
  for (let digit = 0; digit < starts.length; digit++) {
    const count = starts[digit] ?? 0;
    if (count === order.length) return order;
    starts[digit] = sum;
    sum += count;
  }
  const next = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const from = order[i] ?? 0;
    const digit = ((words[from] ?? 0) >>> shift) & 0xffff;
    next[starts[digit]!++] = from;
  }
  return next;
}
