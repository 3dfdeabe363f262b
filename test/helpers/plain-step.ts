import * as tf from '@tensorflow/tfjs-core';
import type { StepAttention } from '../../src-main/engine/ports.ts';
import { createRandom } from '../../src-main/engine/random.ts';

export interface StepCase {
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Rotated are the first 2·turns numbers of a head. */
  turns: number;
  window: number | null;
  place: number;
  paddings: readonly number[];
}

/** A step's attention over a cache of random numbers; what it is, and what the cache holds afterwards, in float64. */
export function stepInPlain(sizes: StepCase) {
  const { heads, kvHeads, headDim, turns, window, place, paddings } = sizes;
  const rows = paddings.length;
  const room = 16 * Math.ceil((place + 2) / 16);
  const random = createRandom(13, JSON.stringify(sizes));
  const made = (count: number) => Float32Array.from({ length: count }, () => 2 * random.next() - 1);
  const [query, key, value] = [
    made(rows * heads * headDim),
    made(rows * kvHeads * headDim),
    made(rows * kvHeads * headDim),
  ];
  const [keys, values] = [made(rows * kvHeads * headDim * room), made(rows * kvHeads * headDim * room)];
  const angles = Array.from(
    { length: rows * turns },
    (_, i) => (place - paddings[Math.floor(i / turns)]!) / 3 ** (i % turns),
  );
  const [cos, sin] = [Float32Array.from(angles, Math.cos), Float32Array.from(angles, Math.sin)];
  // Before they are written into.
  const of: StepAttention = {
    query: tf.tensor2d(query, [rows, heads * headDim]),
    key: tf.tensor2d(key, [rows, kvHeads * headDim]),
    value: tf.tensor2d(value, [rows, kvHeads * headDim]),
    rotary: turns === 0 ? null : { cos: tf.tensor2d(cos, [rows, turns]), sin: tf.tensor2d(sin, [rows, turns]) },
    keys: tf.tensor4d(keys.slice(), [rows, kvHeads, headDim, room]),
    values: tf.tensor4d(values.slice(), [rows, kvHeads, headDim, room]),
    padding: tf.tensor1d([...paddings], 'int32'),
    place: tf.tensor1d([place], 'int32'),
    window,
  };
  const turned = (head: Float32Array, row: number): number[] => {
    const out = [...head];
    for (let d = 0; d < turns; d++) {
      const [a, b, c, s] = [head[d]!, head[turns + d]!, cos[row * turns + d]!, sin[row * turns + d]!];
      [out[d], out[turns + d]] = [a * c - b * s, b * c + a * s];
    }
    return out;
  };
  const [keptKeys, keptValues] = [Array.from(keys), Array.from(values)];
  const output = new Array<number>(rows * heads * headDim).fill(0);
  for (let row = 0; row < rows; row++) {
    for (let kv = 0; kv < kvHeads; kv++) {
      const at = row * kvHeads + kv;
      const one = (x: Float32Array, i: number) => x.subarray(i * headDim, (i + 1) * headDim);
      turned(one(key, at), row).forEach((x, d) => (keptKeys[(at * headDim + d) * room + place] = x));
      one(value, at).forEach((x, d) => (keptValues[(at * headDim + d) * room + place] = x));
      const kept = (from: readonly number[], j: number, d: number) => from[(at * headDim + d) * room + j]!;
      for (let head = kv * (heads / kvHeads); head < (kv + 1) * (heads / kvHeads); head++) {
        const own = turned(one(query, row * heads + head), row);
        const first = Math.max(paddings[row]!, window === null ? 0 : place - window + 1);
        const seen = Array.from({ length: place - first + 1 }, (_, i) => first + i);
        const scores = seen.map((j) => own.reduce((sum, x, d) => sum + x * kept(keptKeys, j, d), 0));
        const most = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - most));
        const total = powers.reduce((sum, x) => sum + x, 0);
        for (let d = 0; d < headDim; d++) {
          output[(row * heads + head) * headDim + d] = seen.reduce(
            (sum, j, i) => sum + (powers[i]! / total) * kept(keptValues, j, d),
            0,
          );
        }
      }
    }
  }
  return { of, output, keys: keptKeys, values: keptValues };
}
