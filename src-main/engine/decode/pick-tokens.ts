import * as tf from '@tensorflow/tfjs-core';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { constant } from '../models/constants.ts';
import type { FusedOps, PickedTokens } from '../ports.ts';
import { sampleToken, takesAll } from './sampling.ts';

export interface Picked {
  token: number;
  /** log p(token) at temperature 1, in nats. */
  logProb: number;
}

/**
 * Picks the next token of every row from its logits [rows, vocab]; disposes them. One read from the device per step: two numbers per row,
 * or the probabilities if top-k or top-p have to rank them.
 */
export async function pickTokens(
  logits: tf.Tensor2D,
  settings: DecodingSettings,
  uniforms: readonly number[],
): Promise<Picked[]> {
  const summary = tf.tidy(() => tokenSummary(logits, settings, tf.tensor1d([...uniforms])));
  logits.dispose();
  try {
    const data = (await summary.data()) as Float32Array;
    return picksOf(data, settings, uniforms, logits.shape[1]);
  } finally {
    summary.dispose();
  }
}

/** What is read of a step's logits [rows, vocab]: two numbers per row, or a distribution if top-k or top-p have to rank it. */
export function tokenSummary(
  logits: tf.Tensor2D,
  settings: DecodingSettings,
  uniforms: tf.Tensor1D,
  fused: FusedOps | null = null,
): tf.Tensor2D {
  const { temperature } = settings;
  if (isRanked(settings, logits.shape[1])) return distribution(logits, temperature);
  if (fused !== null) {
    return inColumns(temperature <= 0 ? fused.likeliest(logits) : fused.drawn(logits, uniforms, temperature));
  }
  return temperature <= 0 ? greedy(logits) : drawn(logits, temperature, uniforms);
}

function inColumns({ token, logProb }: PickedTokens): tf.Tensor2D {
  return tf.stack([token, logProb], 1) as tf.Tensor2D;
}

function isRanked(settings: DecodingSettings, vocab: number): boolean {
  return settings.temperature > 0 && !takesAll(settings, vocab);
}

/** The tokens of a summary that was read, row by row. */
export function picksOf(
  data: Float32Array,
  settings: DecodingSettings,
  uniforms: readonly number[],
  vocab: number,
): Picked[] {
  const ranked = isRanked(settings, vocab);
  const width = data.length / uniforms.length;
  return uniforms.map((uniform, row) => {
    const numbers = data.subarray(row * width, (row + 1) * width);
    return ranked ? draw(numbers, settings, uniform) : { token: numbers[0]!, logProb: numbers[1]! };
  });
}

/** [rows, 2]: the likeliest token (exact in a float up to 2²⁴) and its log-prob. */
function greedy(logits: tf.Tensor2D): tf.Tensor2D {
  const token: tf.Tensor1D = tf.argMax(logits, 1);
  // The token's own logit is the largest.
  const below = tf.sum(tf.exp(tf.sub(logits, column(atTokens(logits, token)))), 1);
  return tf.stack([tf.cast(token, 'float32'), tf.neg(tf.log(below))], 1) as tf.Tensor2D;
}

/**
 * [rows, 2]: a token drawn by the inverse distribution function, and its log-prob at temperature 1. The walk runs on the device, in two
 * parts: first to the stretch of the vocabulary where the mass exceeds `uniform` of the whole, then within it, since a running sum over a
 * large vocabulary takes longer than everything else.
 */
function drawn(logits: tf.Tensor2D, temperature: number, uniforms: tf.Tensor1D): tf.Tensor2D {
  const [rows, vocab] = logits.shape;
  const scaled: tf.Tensor2D = temperature === 1 ? logits : tf.div(logits, temperature);
  const top: tf.Tensor2D = tf.max(scaled, 1, true);
  const width = 2 ** Math.ceil(Math.log2(vocab) / 2);
  const count = Math.ceil(vocab / width);
  const mass = tf.pad(tf.exp(tf.sub(scaled, top)), [
    [0, 0],
    [0, count * width - vocab],
  ]);
  const stretches: tf.Tensor3D = tf.reshape(mass, [rows, count, width]);
  const sums: tf.Tensor2D = tf.sum(stretches, 2);
  const runningSums = tf.cumsum(sums, 1);
  const total = tf.slice(runningSums, [0, count - 1], [rows, 1]);
  // A uniform number may round to 1 in float32.
  const bound: tf.Tensor2D = tf.mul(total, tf.minimum(column(uniforms), justBelowOne));
  const isPassed = tf.cast(tf.lessEqual(runningSums, bound), 'float32');
  const stretch: tf.Tensor1D = tf.minimum(tf.sum(isPassed, 1), count - 1);
  const rest: tf.Tensor2D = tf.sub(bound, tf.sum(tf.mul(sums, isPassed), 1, true));
  const within = tf.cumsum(atTokens(stretches, stretch), 1);
  // Rounding may leave more than the stretch holds; its last token with any mass is taken then.
  const most = tf.mul(tf.slice(within, [0, width - 1], [rows, 1]), justBelowOne);
  const place = tf.sum(tf.cast(tf.lessEqual(within, tf.minimum(rest, most)), 'float32'), 1);
  const token: tf.Tensor1D = tf.minimum(tf.add(tf.mul(stretch, width), place), vocab - 1);
  const norm: tf.Tensor = temperature === 1 ? tf.add(top, tf.log(total)) : tf.logSumExp(logits, 1, true);
  const logProb = tf.sub(atTokens(logits, token), tf.squeeze(norm, [1]));
  return tf.stack([token, logProb], 1) as tf.Tensor2D;
}

/** 1 minus a few roundings of float32. */
const justBelowOne = 1 - 2 ** -22;

/** For each row, the entry at its place: [rows, n] → [rows], [rows, n, width] → [rows, width]. */
function atTokens<T extends tf.Tensor2D | tf.Tensor3D>(
  values: T,
  places: tf.Tensor1D,
): T extends tf.Tensor3D ? tf.Tensor2D : tf.Tensor1D {
  const rows = constant(tf.range(0, values.shape[0], 1, 'int32'));
  return tf.gatherND(values, tf.stack([rows, tf.cast(places, 'int32')], 1)) as never;
}

function column(values: tf.Tensor1D): tf.Tensor2D {
  return tf.reshape(values, [values.shape[0], 1]);
}

/** [rows, vocab + 2]: probabilities at the temperature, then logSumExp of the logits with and without it. */
function distribution(logits: tf.Tensor2D, temperature: number): tf.Tensor2D {
  const scaled = temperature === 1 ? logits : tf.div(logits, temperature);
  const sums = [tf.logSumExp(scaled, 1, true), tf.logSumExp(logits, 1, true)];
  return tf.concat([tf.softmax(scaled), ...sums] as tf.Tensor2D[], 1);
}

function draw(numbers: Float32Array, settings: DecodingSettings, uniform: number): Picked {
  const vocab = numbers.length - 2;
  const token = sampleToken(numbers.subarray(0, vocab), settings, uniform);
  const logit = settings.temperature * (Math.log(numbers[token]!) + numbers[vocab]!);
  return { token, logProb: logit - numbers[vocab + 1]! };
}
