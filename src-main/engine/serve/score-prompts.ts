import * as tf from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';

/** A token with its log-prob given all before it, in nats, and the likeliest tokens at its place, likeliest first. */
export interface ScoredToken {
  readonly id: number;
  /** Null for the first token, which nothing comes before. */
  readonly logProb: number | null;
  readonly top: readonly { id: number; logProb: number }[];
}

export interface ScoredPrompt {
  readonly tokens: readonly ScoredToken[];
  /** Logits of the token that would come next, [vocab]. */
  readonly next: Float32Array;
}

/** Logits in memory at a time: places × vocabulary. */
const mostLogits = 8_000_000;

/** Every token of a prompt under the model, without a batch of its own: [1, time] → log-probs, `top` likeliest at each place. */
export async function scorePrompt(model: CausalLm, ids: readonly number[], top: number): Promise<ScoredPrompt> {
  const { vocabSize, dim } = model.config;
  const time = ids.length;
  const hidden = tf.tidy(() =>
    tf.reshape(model.hiddenStates(tf.tensor2d([...ids], [1, time], 'int32'), [time]), [time, dim]),
  ) as tf.Tensor2D;
  const tokens: ScoredToken[] = [{ id: ids[0] ?? 0, logProb: null, top: [] }];
  const stretch = Math.max(1, Math.floor(mostLogits / vocabSize));
  let next: Float32Array = new Float32Array(0);
  try {
    for (let from = 0; from < time; from += stretch) {
      const count = Math.min(stretch, time - from);
      // The last place predicts what would come next.
      const labels = ids.slice(from + 1, from + 1 + count);
      const scored = await scoreStretch(model, hidden, { from, count, labels, top });
      tokens.push(...scored.tokens);
      next = scored.last;
    }
    return { tokens, next };
  } finally {
    hidden.dispose();
  }
}

async function scoreStretch(
  model: CausalLm,
  hidden: tf.Tensor2D,
  { from, count, labels, top }: { from: number; count: number; labels: readonly number[]; top: number },
): Promise<{ tokens: ScoredToken[]; last: Float32Array }> {
  const { dim } = model.config;
  const results = tf.tidy(() => {
    const logits = model.logits(tf.slice(hidden, [from, 0], [count, dim]));
    const sums = tf.logSumExp(logits, 1);
    const padded = [...labels, ...new Array<number>(count - labels.length).fill(0)];
    const places = tf.stack([tf.range(0, count, 1, 'int32'), tf.tensor1d(padded, 'int32')], 1);
    const chosen = tf.sub(tf.gatherND(logits, places), sums);
    const best = tf.topk(logits, Math.max(1, top), true);
    const bestLogProbs = tf.sub(best.values, tf.reshape(sums, [count, 1]));
    return [chosen, bestLogProbs, best.indices, tf.slice(logits, [count - 1, 0], [1, -1])];
  });
  try {
    const [chosen, best, indices, last] = (await Promise.all(results.map((tensor) => tensor.data()))) as Float32Array[];
    const width = Math.max(1, top);
    const tokens = labels.map((id, i) => ({
      id,
      logProb: chosen?.[i] ?? Number.NaN,
      top: Array.from({ length: top }, (_, k) => ({
        id: indices?.[i * width + k] ?? 0,
        logProb: best?.[i * width + k] ?? Number.NaN,
      })),
    }));
    return { tokens, last: Float32Array.from(last ?? []) };
  } finally {
    tf.dispose(results);
  }
}
