import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D } from '@tensorflow/tfjs-core';

/** Rewards of several responses to each prompt: responses of a prompt follow one another, `size` of them. */
export interface GroupedRewards {
  rewards: readonly number[];
  size: number;
}

/** Reward less the mean reward of the prompt's other responses (Kool et al. 2019; Ahmadian et al. 2024 eq. 4). */
export function leaveOneOutAdvantages({ rewards, size }: GroupedRewards): number[] {
  return rewards.map((reward, i) => {
    const group = groupOf(rewards, size, i);
    return reward - (sum(group) - reward) / (size - 1);
  });
}

/**
 * Reward less the mean of its group, over a deviation + 1e-4 (Shao et al. 2024 eq. 3 and TRL): that of the group, that of all rewards
 * at hand, or 1.
 */
export function groupAdvantages({ rewards, size }: GroupedRewards, scale: 'group' | 'batch' | 'none'): number[] {
  const overall = deviation(rewards);
  return rewards.map((reward, i) => {
    const group = groupOf(rewards, size, i);
    const centred = reward - mean(group);
    if (scale === 'none') return centred;
    return centred / ((scale === 'group' ? deviation(group) : overall) + 1e-4);
  });
}

/** Mean 0 and deviation 1, as TRL's `normalize_advantages`. */
export function normalised(values: readonly number[]): number[] {
  const [centre, spread] = [mean(values), deviation(values)];
  return values.map((value) => (value - centre) / (spread + 1e-4));
}

/** The same of a tensor [n]. */
export function normalisedTensor(values: Tensor1D): Tensor1D {
  const centred: Tensor1D = tf.sub(values, tf.mean(values));
  const spread = tf.sqrt(tf.div(tf.sum(tf.square(centred)), Math.max(1, values.size - 1)));
  return tf.div(centred, tf.add(spread, 1e-4));
}

/** Sample standard deviation (n − 1), 0 for a single value. */
export function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return Math.sqrt(sum(values.map((value) => (value - centre) ** 2)) / (values.length - 1));
}

/** One number per group. */
export function groupMeans({ rewards, size }: GroupedRewards): number[] {
  return Array.from({ length: rewards.length / size }, (_, g) => mean(rewards.slice(g * size, (g + 1) * size)));
}

function groupOf(rewards: readonly number[], size: number, index: number): readonly number[] {
  const start = Math.floor(index / size) * size;
  return rewards.slice(start, start + size);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
