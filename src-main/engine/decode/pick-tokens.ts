import * as tf from '@tensorflow/tfjs-core';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { constant } from '../models/constants.ts';
import { sampleToken, takesAll } from './sampling.ts';

export interface Picked {
  token: number;
  /** log p(token) at temperature 1, in nats. */
  logProb: number;
}

/**
 * The next token of every row from its logits [rows, vocab]; disposes them. One read from the device a step: two numbers a row,
 * or the probabilities where top-k or top-p have to rank them.
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

/** What is read of the logits [rows, vocab] of a step: two numbers a row, or a distribution where top-k or top-p have to rank it. */
export function tokenSummary(logits: tf.Tensor2D, settings: DecodingSettings, uniforms: tf.Tensor1D): tf.Tensor2D {
  if (settings.temperature <= 0) return greedy(logits);
  return isRanked(settings, logits.shape[1])
    ? distribution(logits, settings.temperature)
    : drawn(logits, settings.temperature, uniforms);
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
  const token = tf.cast(tf.argMax(logits, 1), 'float32');
  // The token's own logit is the largest.
  const below = tf.sum(tf.exp(tf.sub(logits, tf.max(logits, 1, true))), 1);
  return tf.stack([token, tf.neg(tf.log(below))], 1) as tf.Tensor2D;
}

/**
 * [rows, 2]: a token drawn by the inverse distribution function, and its log-prob at temperature 1. The walk runs on the device: the token's id is the
 * number of tokens whose cumulative mass does not exceed `uniform` of the whole.
 */
function drawn(logits: tf.Tensor2D, temperature: number, uniforms: tf.Tensor1D): tf.Tensor2D {
  const [rows, vocab] = logits.shape;
  const scaled = temperature === 1 ? logits : tf.div(logits, temperature);
  const mass = tf.exp(tf.sub(scaled, tf.max(scaled, 1, true)));
  const cumulative = tf.cumsum(mass, 1);
  const bound = tf.mul(tf.slice(cumulative, [0, vocab - 1], [rows, 1]), tf.reshape(uniforms, [rows, 1]));
  const token = tf.minimum(tf.sum(tf.cast(tf.lessEqual(cumulative, bound), 'int32'), 1), vocab - 1);
  const places = tf.stack([constant(tf.range(0, rows, 1, 'int32')), tf.cast(token, 'int32')], 1);
  const logProb = tf.sub(tf.gatherND(logits, places), tf.logSumExp(logits, 1));
  return tf.stack([tf.cast(token, 'float32'), logProb], 1) as tf.Tensor2D;
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
