/** Row of a sample key in a column of keys, or −1. */
export type RowByKey = (key: number) => number;

/**
 * Looks rows up by key. Samples that came together have consecutive keys, and then subtraction is enough; else a table over
 * the span of keys, or a map if they are far apart.
 */
export function rowsByKey(keys: Int32Array): RowByKey {
  let least = Infinity;
  let greatest = -Infinity;
  let inOrder = true;
  const first = keys[0] ?? 0;
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] ?? 0;
    if (key < least) least = key;
    if (key > greatest) greatest = key;
    inOrder &&= key === first + row;
  }
  if (inOrder) return (key) => (key >= first && key < first + keys.length ? key - first : -1);
  if (greatest - least > 8 * keys.length + 1024) {
    const rows = new Map<number, number>();
    keys.forEach((key, row) => rows.set(key, row));
    return (key) => rows.get(key) ?? -1;
  }
  const rows = new Int32Array(greatest - least + 1).fill(-1);
  keys.forEach((key, row) => (rows[key - least] = row));
  return (key) => rows[key - least] ?? -1;
}
