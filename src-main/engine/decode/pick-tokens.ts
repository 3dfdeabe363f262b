import * as tf from '@tensorflow/tfjs-core';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { sampleToken } from './sampling.ts';

export interface Picked {
  token: number;
  /** log p(token) at temperature 1, in nats. */
  logProb: number;
}

/**
 * The next token of every row from its logits [rows, vocab]; disposes them. One read from the device a step: for greedy decoding two
 * numbers a row, for sampling the probabilities.
 */
export async function pickTokens(
  logits: tf.Tensor2D,
  settings: DecodingSettings,
  uniforms: readonly number[],
): Promise<Picked[]> {
  const summary = tf.tidy(() => (settings.temperature > 0 ? sampled(logits, settings.temperature) : greedy(logits)));
  logits.dispose();
  try {
    const data = (await summary.data()) as Float32Array;
    const width = summary.shape[1];
    return uniforms.map((uniform, row) => {
      const numbers = data.subarray(row * width, (row + 1) * width);
      return settings.temperature > 0 ? draw(numbers, settings, uniform) : { token: numbers[0]!, logProb: numbers[1]! };
    });
  } finally {
    summary.dispose();
  }
}

/** [rows, 2]: the likeliest token (exact in a float up to 2²⁴) and its log-prob. */
function greedy(logits: tf.Tensor2D): tf.Tensor2D {
  const token = tf.cast(tf.argMax(logits, 1), 'float32');
  return tf.stack([token, tf.sub(tf.max(logits, 1), tf.logSumExp(logits, 1))], 1) as tf.Tensor2D;
}

/** [rows, vocab + 2]: probabilities at the temperature, then logSumExp of the logits with and without it. */
function sampled(logits: tf.Tensor2D, temperature: number): tf.Tensor2D {
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
