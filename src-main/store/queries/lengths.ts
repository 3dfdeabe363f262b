/** Least, median and greatest of numbers by name; every number is kept (4 bytes each), so the median is exact. */
export class Lengths {
  readonly #values = new Map<string, { data: Int32Array; count: number }>();

  add(name: string, length: number): void {
    let entry = this.#values.get(name);
    if (entry === undefined) {
      entry = { data: new Int32Array(256), count: 0 };
      this.#values.set(name, entry);
    }
    if (entry.count === entry.data.length) {
      const larger = new Int32Array(entry.data.length * 2);
      larger.set(entry.data);
      entry.data = larger;
    }
    entry.data[entry.count++] = length;
  }

  summary(): Record<string, { min: number; median: number; max: number }> {
    return Object.fromEntries([...this.#values].map(([name, entry]) => [name, summarise(entry)]));
  }
}

function summarise({ data, count }: { data: Int32Array; count: number }): { min: number; median: number; max: number } {
  const sorted = data.slice(0, count).sort();
  const middle = count >> 1;
  const upper = sorted[middle] ?? 0;
  return {
    min: sorted[0] ?? 0,
    median: count % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2,
    max: sorted[count - 1] ?? 0,
  };
}
