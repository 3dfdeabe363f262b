import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.ts';

/**
 * Rotary position embeddings (Su et al. 2021) with the context extensions that published checkpoints use. The numbers follow
 * the reference formulas of the papers named next to them, in the form Hugging Face checkpoints are configured for.
 */
export interface Rotary {
  /** Dimensions of a head that are rotated (the first ones); even. */
  dim: number;
  theta: number;
  scaling: RotaryScaling;
}

export type RotaryScaling =
  | { kind: 'none' }
  /** Position interpolation (Chen et al. 2023): every frequency divided by `factor`. */
  | { kind: 'linear'; factor: number }
  /** Dynamic NTK: the base grows once a sequence is longer than `originalPositions`. */
  | { kind: 'dynamic'; factor: number; originalPositions: number }
  /** YaRN (Peng et al. 2023): low frequencies interpolated, high ones kept, a linear ramp between, scores rescaled. */
  | {
      kind: 'yarn';
      factor: number;
      originalPositions: number;
      betaFast: number;
      betaSlow: number;
      attentionFactor: number;
      truncate: boolean;
    }
  /** Llama 3.1: as YaRN with the ramp given by wavelengths. */
  | { kind: 'llama3'; factor: number; lowFreqFactor: number; highFreqFactor: number; originalPositions: number }
  /** LongRoPE (Ding et al. 2024): one factor per frequency, one list for short sequences and one for long. */
  | {
      kind: 'longrope';
      shortFactors: number[];
      longFactors: number[];
      originalPositions: number;
      attentionFactor: number;
    };

/** Angles per position step [dim/2] for a sequence of `time` positions, and the factor on both cosine and sine. */
export function rotaryFrequencies(rotary: Rotary, time: number): { frequencies: number[]; amplitude: number } {
  const { dim, theta, scaling } = rotary;
  const plain = baseFrequencies(dim, theta);
  switch (scaling.kind) {
    case 'none':
      return { frequencies: plain, amplitude: 1 };
    case 'linear':
      return { frequencies: plain.map((f) => f / scaling.factor), amplitude: 1 };
    case 'dynamic': {
      const stretch = Math.max(time, scaling.originalPositions) / scaling.originalPositions;
      const base = theta * (scaling.factor * stretch - (scaling.factor - 1)) ** (dim / (dim - 2));
      return { frequencies: baseFrequencies(dim, base), amplitude: 1 };
    }
    case 'yarn':
      return { frequencies: yarnFrequencies(plain, dim, theta, scaling), amplitude: scaling.attentionFactor };
    case 'llama3':
      return { frequencies: plain.map((f) => llama3Frequency(f, scaling)), amplitude: 1 };
    case 'longrope': {
      const factors = time > scaling.originalPositions ? scaling.longFactors : scaling.shortFactors;
      return { frequencies: plain.map((f, i) => f / (factors[i] ?? 1)), amplitude: scaling.attentionFactor };
    }
  }
}

function baseFrequencies(dim: number, theta: number): number[] {
  return Array.from({ length: dim / 2 }, (_, i) => 1 / theta ** ((2 * i) / dim));
}

function yarnFrequencies(
  plain: number[],
  dim: number,
  theta: number,
  s: Extract<RotaryScaling, { kind: 'yarn' }>,
): number[] {
  const dimensionOf = (rotations: number): number =>
    (dim * Math.log(s.originalPositions / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const round = s.truncate ? { down: Math.floor, up: Math.ceil } : { down: (x: number) => x, up: (x: number) => x };
  const low = Math.max(round.down(dimensionOf(s.betaFast)), 0);
  const high = Math.min(round.up(dimensionOf(s.betaSlow)), dim - 1);
  const span = high === low ? 0.001 : high - low;
  return plain.map((f, i) => {
    const interpolated = Math.min(1, Math.max(0, (i - low) / span));
    return (f / s.factor) * interpolated + f * (1 - interpolated);
  });
}

function llama3Frequency(f: number, s: Extract<RotaryScaling, { kind: 'llama3' }>): number {
  const wavelength = (2 * Math.PI) / f;
  if (wavelength > s.originalPositions / s.lowFreqFactor) return f / s.factor;
  if (wavelength < s.originalPositions / s.highFreqFactor) return f;
  const smooth = (s.originalPositions / wavelength - s.lowFreqFactor) / (s.highFreqFactor - s.lowFreqFactor);
  return ((1 - smooth) * f) / s.factor + smooth * f;
}

/** Whether the frequencies of a sequence change with its length. */
export function dependsOnLength({ scaling }: Rotary): boolean {
  return scaling.kind === 'dynamic' || scaling.kind === 'longrope';
}

/**
 * The length beyond which a sequence has other frequencies from its first position on, so that nothing computed before is valid. Dynamic
 * NTK changes them at every position, and keys of earlier ones are kept, as in transformers.
 */
export function switchPosition({ scaling }: Rotary): number | null {
  return scaling.kind === 'longrope' ? scaling.originalPositions : null;
}

/** cos and sin of positions × frequencies, each [time, dim/2] or, gathered per row, [batch, 1, time, dim/2]. */
export interface RotaryTable {
  cos: tf.Tensor;
  sin: tf.Tensor;
}

/** Keeps the table that is long enough for what has been requested so far. */
export class RotaryTables {
  readonly #rotary: Rotary;
  #table: { cos: tf.Tensor2D; sin: tf.Tensor2D } | null = null;
  #rows = 0;
  #regime = 0;

  constructor(rotary: Rotary, expectedTime: number) {
    this.#rotary = rotary;
    this.#build(expectedTime, expectedTime);
  }

  /** Positions 0 … time-1 under the frequencies for a sequence of `length`; [time, dim/2] each. */
  range(time: number, length = time): RotaryTable {
    const { cos, sin } = this.#upTo(time, length);
    const half = this.#rotary.dim / 2;
    return { cos: tf.slice(cos, [0, 0], [time, half]), sin: tf.slice(sin, [0, 0], [time, half]) };
  }

  /**
   * The same for rows of these lengths, padded to `time`. If frequencies depend on a sequence's length, each row uses its own, so that
   * batch mates and padding change nothing: [batch, 1, time, dim/2] each.
   */
  forRows(lengths: readonly number[], time: number): RotaryTable {
    const [first = time] = lengths;
    const alike = lengths.every((length) => this.#regimeOf(length) === this.#regimeOf(first));
    if (alike) return this.range(time, first);
    const rows = lengths.map((length) => this.range(time, length));
    const stacked = (parts: tf.Tensor[]) => tf.expandDims(tf.stack(parts), 1);
    return { cos: stacked(rows.map(({ cos }) => cos)), sin: stacked(rows.map(({ sin }) => sin)) };
  }

  /**
   * Any positions below `time`, int32 [batch or 1, stretch], under the frequencies for rows of these lengths;
   * [batch or 1, 1, stretch, dim/2] each.
   */
  at(positions: tf.Tensor2D, time: number, lengths: readonly number[]): RotaryTable {
    const [first = time] = lengths;
    const alike = lengths.every((length) => this.#regimeOf(length) === this.#regimeOf(first));
    const gathered = (rows: tf.Tensor2D, length: number): RotaryTable => {
      const { cos, sin } = this.#upTo(time, length);
      return { cos: tf.expandDims(tf.gather(cos, rows), 1), sin: tf.expandDims(tf.gather(sin, rows), 1) };
    };
    if (alike) return gathered(positions, first);
    const stretch = positions.shape[1];
    const rows = lengths.map((length, row) => gathered(tf.slice(positions, [row, 0], [1, stretch]), length));
    return { cos: tf.concat(rows.map(({ cos }) => cos)), sin: tf.concat(rows.map(({ sin }) => sin)) };
  }

  /** Cosines and sines of places at these positions of sequences of these lengths, [places, dim/2] each. */
  atPlaces(positions: Int32Array, lengths: Int32Array): { cos: Float32Array; sin: Float32Array } {
    const half = this.#rotary.dim / 2;
    const cos = new Float32Array(positions.length * half);
    const sin = new Float32Array(positions.length * half);
    positions.forEach((position, place) => {
      const { frequencies, amplitude } = this.#frequencies(lengths[place]!);
      for (let i = 0; i < half; i++) {
        const angle = position * frequencies[i]!;
        cos[place * half + i] = amplitude * Math.cos(angle);
        sin[place * half + i] = amplitude * Math.sin(angle);
      }
    });
    return { cos, sin };
  }

  readonly #byRegime = new Map<number, { frequencies: number[]; amplitude: number }>();
  #frequencies(length: number): { frequencies: number[]; amplitude: number } {
    const regime = this.#regimeOf(length);
    const known = this.#byRegime.get(regime) ?? rotaryFrequencies(this.#rotary, length);
    this.#byRegime.set(regime, known);
    return known;
  }

  dispose(): void {
    tf.dispose(this.#table ?? []);
    this.#table = null;
  }

  #upTo(time: number, length = time): { cos: tf.Tensor2D; sin: tf.Tensor2D } {
    if (this.#table === null || time > this.#rows || this.#regimeOf(length) !== this.#regime) {
      this.#build(Math.max(time, Math.min(2 * this.#rows, time + 1024)), length);
    }
    return this.#table!;
  }

  /** Frequencies are the same for all lengths of one regime. */
  #regimeOf(time: number): number {
    const { scaling } = this.#rotary;
    if (scaling.kind === 'dynamic') return Math.max(time, scaling.originalPositions);
    if (scaling.kind === 'longrope') return time > scaling.originalPositions ? 1 : 0;
    return 0;
  }

  #build(rows: number, time: number): void {
    this.dispose();
    const half = this.#rotary.dim / 2;
    const { frequencies, amplitude } = rotaryFrequencies(this.#rotary, time);
    const cos = new Float32Array(rows * half);
    const sin = new Float32Array(rows * half);
    for (let position = 0; position < rows; position++) {
      for (let i = 0; i < half; i++) {
        const angle = position * frequencies[i]!;
        cos[position * half + i] = amplitude * Math.cos(angle);
        sin[position * half + i] = amplitude * Math.sin(angle);
      }
    }
    this.#table = { cos: tf.keep(tf.tensor2d(cos, [rows, half])), sin: tf.keep(tf.tensor2d(sin, [rows, half])) };
    this.#rows = rows;
    this.#regime = this.#regimeOf(time);
  }
}

/**
 * Rotates the first `2·half` of the last axis; the rest passes. x [batch, heads, time, headDim].
 * The gradient is the rotation backwards.
 */
export function rotate(x: tf.Tensor4D, table: RotaryTable): tf.Tensor4D {
  const turned = table.cos.shape.at(-1)! * 2;
  const headDim = x.shape[3];
  if (turned === headDim) return rotateWhole(x, table);
  const [front, rest] = tf.split(x, [turned, headDim - turned], 3) as [tf.Tensor4D, tf.Tensor4D];
  return tf.concat([rotateWhole(front, table), rest], 3);
}

function rotateWhole(x: tf.Tensor4D, table: RotaryTable): tf.Tensor4D {
  return customGradient(
    [x],
    (input) => ({ value: turn(input, table.cos, table.sin, 1), saved: [table.cos, table.sin] }),
    (dy, saved) => [turn(dy, saved[0]!, saved[1]!, -1)],
  );
}

function turn(x: tf.Tensor4D, cos: tf.Tensor, sin: tf.Tensor, direction: 1 | -1): tf.Tensor4D {
  const [a, b] = tf.split(x, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
  const [aCos, bCos, aSin, bSin] = [tf.mul(a, cos), tf.mul(b, cos), tf.mul(a, sin), tf.mul(b, sin)];
  const parts = direction === 1 ? [tf.sub(aCos, bSin), tf.add(bCos, aSin)] : [tf.add(aCos, bSin), tf.sub(bCos, aSin)];
  return tf.concat(parts, 3) as tf.Tensor4D;
}
