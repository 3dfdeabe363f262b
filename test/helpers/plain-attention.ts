import * as tf from '@tensorflow/tfjs-core';
import type { PlacesAttention } from '../../src-main/engine/ports.ts';
import { createRandom } from '../../src-main/engine/random.ts';

export interface AttentionCase {
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Rotated are the first 2·turns numbers of a head. */
  turns: number;
  window: number | null;
  /** Lengths of the rows. */
  rows: readonly number[];
  /** The first so many positions of every row are the first row's places. */
  shared?: number;
}

export interface PlainAttention {
  of: PlacesAttention;
  dy: tf.Tensor2D;
  /** In float64, by the definition. */
  output: number[];
  /** By query, key and value. */
  gradients: [number[], number[], number[]];
}

type Matrix = Float64Array[];

/** Attention over packed places with random numbers, and what it and its gradients are, pair by pair of positions in float64. */
export function attentionInPlain(sizes: AttentionCase): PlainAttention {
  const { heads, kvHeads, headDim, turns, window, rows, shared = 0 } = sizes;
  const scale = 0.37;
  const random = createRandom(11, JSON.stringify(sizes));
  // A padded length for all, so that there is padding; the last place has no token.
  const time = Math.max(...rows) + 3;
  const own = rows.map((length, row) => (row === 0 ? length : length - shared));
  const places = own.reduce((sum, count) => sum + count, 1);
  const nowhere = places - 1;
  const [spread, returned] = [new Int32Array(rows.length * time), new Int32Array(rows.length * time)].map((slots) =>
    slots.fill(nowhere),
  ) as [Int32Array, Int32Array];
  const positions = new Int32Array(places);
  const placeAt: number[][] = [];
  let next = 0;
  rows.forEach((length, row) => {
    const known = row === 0 ? 0 : shared;
    placeAt.push(
      Array.from({ length }, (_, i) => {
        const place = i < known ? placeAt[0]![i]! : next++;
        positions[place] = i;
        spread[row * time + i] = place;
        if (i >= known) returned[row * time + i] = place;
        return place;
      }),
    );
  });
  const matrix = (width: number, last: number): Matrix =>
    Array.from({ length: places }, (_, place) =>
      Float64Array.from({ length: width }, () => (place === nowhere ? last : Math.fround(2 * random.next() - 1))),
    );
  // Whatever the place without a token holds must not show.
  const [query, key, value] = [matrix(heads * headDim, 9), matrix(kvHeads * headDim, 9), matrix(kvHeads * headDim, 9)];
  const dy = matrix(heads * headDim, 0);
  const angles = Array.from({ length: places }, (_, place) =>
    Array.from({ length: turns }, (_, d) => positions[place]! / 10 ** ((2 * d) / headDim)),
  );
  const [cos, sin] = [angles.map((row) => row.map(Math.cos)), angles.map((row) => row.map(Math.sin))].map((table) =>
    table.map((row) => row.map(Math.fround)),
  ) as [number[][], number[][]];

  const turned = (head: Float64Array, place: number, direction: 1 | -1): Float64Array => {
    const out = head.slice();
    for (let d = 0; d < turns; d++) {
      const [a, b, c, s] = [head[d]!, head[turns + d]!, cos[place]![d]!, direction * sin[place]![d]!];
      [out[d], out[turns + d]] = [a * c - b * s, b * c + a * s];
    }
    return out;
  };
  const headOf = (of: Matrix, place: number, head: number) => of[place]!.slice(head * headDim, (head + 1) * headDim);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, d) => sum + x * b[d]!, 0);
  const zeros = (width: number): Matrix => Array.from({ length: places }, () => new Float64Array(width));
  const add = (to: Matrix, place: number, head: number, what: Float64Array, factor: number) =>
    what.forEach((x, d) => (to[place]![head * headDim + d]! += factor * x));
  const output = zeros(heads * headDim);
  const [byQuery, byKey, byValue] = [zeros(heads * headDim), zeros(kvHeads * headDim), zeros(kvHeads * headDim)];

  rows.forEach((length, row) => {
    for (let i = row === 0 ? 0 : shared; i < length; i++) {
      const place = placeAt[row]![i]!;
      for (let head = 0; head < heads; head++) {
        const kv = Math.floor(head / (heads / kvHeads));
        const q = turned(headOf(query, place, head), place, 1);
        const first = window === null ? 0 : Math.max(0, i - window + 1);
        const seen = placeAt[row]!.slice(first, i + 1);
        const keys = seen.map((other) => turned(headOf(key, other, kv), other, 1));
        const scores = keys.map((k) => scale * dot(q, k));
        const most = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - most));
        const total = powers.reduce((sum, x) => sum + x, 0);
        const weights = powers.map((x) => x / total);
        const slope = headOf(dy, place, head);
        const byWeights = seen.map((other) => dot(slope, headOf(value, other, kv)));
        const along = weights.reduce((sum, weight, j) => sum + weight * byWeights[j]!, 0);
        seen.forEach((other, j) => {
          add(output, place, head, headOf(value, other, kv), weights[j]!);
          add(byValue, other, kv, slope, weights[j]!);
          const byScore = scale * weights[j]! * (byWeights[j]! - along);
          add(byQuery, place, head, turned(keys[j]!, place, -1), byScore);
          add(byKey, other, kv, turned(q, other, -1), byScore);
        });
      }
    }
  });

  const tensor = (of: Matrix) =>
    tf.tensor2d(
      of.flatMap((row) => [...row]),
      [places, of[0]!.length],
    );
  const flat = (of: Matrix) => of.flatMap((row) => [...row]);
  const table = (of: number[][]) => tf.tensor2d(of.flat(), [places, turns]);
  return {
    of: {
      ...{ query: tensor(query), key: tensor(key), value: tensor(value) },
      spread: tf.tensor1d(spread, 'int32'),
      returned: tf.tensor1d(returned, 'int32'),
      rotary: turns === 0 ? null : { cos: table(cos), sin: table(sin) },
      groups: [{ rows: rows.length, time }],
      ...{ headDim, window, scale },
    },
    dy: tensor(dy),
    output: flat(output),
    gradients: [flat(byQuery), flat(byKey), flat(byValue)],
  };
}
