/** Numbers as blobs: little-endian float64, the machine's own order everywhere this runs. */

export function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Blobs may start at any byte offset; typed arrays need aligned ones, so the bytes are copied. */
function aligned(blob: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(blob.byteLength);
  new Uint8Array(copy).set(blob);
  return copy;
}

export function float64sOf(blob: Uint8Array): Float64Array {
  return new Float64Array(aligned(blob));
}

/**
 * Metrics by name as numbers by position in `names`, which grows with each new name. Absent = NaN; a value that is not
 * finite (a diverged loss) is kept as +∞, so that it can be told from an absent one. Returns whether `names` grew.
 */
export function encodeMetrics(
  metrics: Record<string, number | null>,
  names: string[],
): { blob: Uint8Array | null; grew: boolean } {
  const before = names.length;
  const entries = Object.entries(metrics);
  if (entries.length === 0) return { blob: null, grew: false };
  for (const [name] of entries) if (!names.includes(name)) names.push(name);
  const values = new Float64Array(names.length).fill(NaN);
  for (const [name, value] of entries) values[names.indexOf(name)] = finiteOrInfinite(value);
  return { blob: bytesOf(values), grew: names.length > before };
}

function finiteOrInfinite(value: number | null): number {
  return value !== null && Number.isFinite(value) ? value : Infinity;
}

/** The inverse of `encodeMetrics`; values that were not finite come back as NaN. */
export function decodeMetrics(blob: Uint8Array | null, names: readonly string[]): Record<string, number> {
  if (blob === null) return {};
  const metrics: [string, number][] = [];
  float64sOf(blob).forEach((value, index) => {
    const name = names[index];
    if (name !== undefined && !Number.isNaN(value)) metrics.push([name, Number.isFinite(value) ? value : NaN]);
  });
  return Object.fromEntries(metrics);
}

/** One table of a step's samples: their keys, and each metric (by its name's position) as one value per sample. */
export interface SampleBlock {
  keys: number[];
  metrics: [nameIndex: number, values: number[]][];
}

/**
 * The tables of a step one after the other, each as `[count, metric count, sample keys, (name position, one value per sample) per
 * metric]`. Empty ones at the end are left out; a step stored when there was only one table has just that one.
 */
export function encodeSampleBlocks(blocks: readonly SampleBlock[]): Uint8Array {
  const last = blocks.findLastIndex(({ keys }) => keys.length > 0);
  const numbers = blocks.slice(0, last + 1).flatMap(({ keys, metrics }) => {
    const columns = metrics.flatMap(([nameIndex, values]) => [nameIndex, ...keys.map((_, i) => values[i] ?? NaN)]);
    return [keys.length, metrics.length, ...keys, ...columns];
  });
  return bytesOf(Float64Array.from(numbers));
}

export function decodeSampleBlocks(blob: Uint8Array): SampleBlock[] {
  const numbers = float64sOf(blob);
  const blocks: SampleBlock[] = [];
  for (let at = 0; at < numbers.length;) {
    const count = numbers[at] ?? 0;
    const metricCount = numbers[at + 1] ?? 0;
    const keys = Array.from(numbers.subarray(at + 2, at + 2 + count));
    const metrics: SampleBlock['metrics'] = [];
    at += 2 + count;
    for (let m = 0; m < metricCount; m++, at += 1 + count) {
      metrics.push([numbers[at] ?? 0, Array.from(numbers.subarray(at + 1, at + 1 + count))]);
    }
    blocks.push({ keys, metrics });
  }
  return blocks;
}
