import * as tf from '@tensorflow/tfjs-core';
import { headScores } from '../losses/head.ts';
import { completionLength, type BatchLayout, type CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { inputTensors } from '../passes.ts';
import type { CacheKey, NativeOps, NumberCache } from '../ports.ts';

/** Bounds on one pass without gradients. */
export interface PassLimits {
  /** Padded tokens per forward pass. */
  tokens: number;
  /** Logits (completion tokens × vocabulary) per pass. */
  logits: number;
}
export const defaultPassLimits: PassLimits = { tokens: 4096, logits: 32_000_000 };

/**
 * Splits sequences into passes: sorted by length, so that there is almost no padding, longest first, so that a shortage of memory shows at
 * once. Returns indices.
 */
export function planPasses(
  sequences: readonly CompletionSequence[],
  vocabSize: number,
  limits: PassLimits = defaultPassLimits,
): number[][] {
  const order = sequences.map((_, i) => i);
  const length = (i: number) => sequences[i]?.ids.length ?? 0;
  order.sort((a, b) => length(b) - length(a) || a - b);
  const passes: number[][] = [];
  let pass: number[] = [];
  let logits = 0;
  for (const index of order) {
    const more = completionLength(sequences[index] as CompletionSequence) * vocabSize;
    const longest = length(pass[0] ?? index);
    const full = (pass.length + 1) * longest > limits.tokens || logits + more > limits.logits;
    if (pass.length > 0 && full) {
      passes.push(pass);
      pass = [];
      logits = 0;
    }
    pass.push(index);
    logits += more;
  }
  if (pass.length > 0) passes.push(pass);
  return passes;
}

/** One pass's numbers per completion token, numbered as in `layout`. */
export interface PassScores {
  layout: BatchLayout;
  logProbs: Float32Array;
  sums: Float32Array;
  /** The likeliest token at each position; only when asked for. */
  greedy?: Int32Array;
}

/**
 * Log-probs of some sequences' completions, without gradients. Always operation by operation: a compiled pass rounds differently, and two
 * evaluations of the same weights must not depend on when they were made.
 */
export async function scorePass(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  options: { ops?: NativeOps | undefined; greedy?: boolean } = {},
): Promise<PassScores> {
  const layout = layoutFor(model, sequences, false);
  const [tokens, sums, greedy] = tf.tidy(() => {
    const batch = batchOf(layout.form, inputTensors(batchInputs(model, layout)));
    const hidden = completionHidden(model, batch, options);
    const scores = headScores(model, hidden, batch.labels, { withGreedy: options.greedy === true });
    const told: tf.Tensor[] = [scores.logProbs, sumPerSequence(scores.logProbs, batch)];
    return scores.greedy === null ? told : [...told, scores.greedy];
  });
  if (tokens === undefined || sums === undefined) throw new Error('a pass returns two tensors');
  const scores: PassScores = {
    layout,
    logProbs: ((await tokens.data()) as Float32Array).subarray(0, layout.tokens),
    sums: (await sums.data()) as Float32Array,
  };
  if (greedy !== undefined) scores.greedy = ((await greedy.data()) as Int32Array).subarray(0, layout.tokens);
  tf.dispose([tokens, sums]);
  greedy?.dispose();
  return scores;
}

export interface ScoringOptions {
  ops?: NativeOps | undefined;
  limits?: PassLimits;
  /** Called after every pass with the sequences done; it may wait, or throw to cancel. */
  onProgress?: (done: number, total: number) => Promise<void> | void;
}

/** Summed completion log-prob of every sequence, in order. */
export async function scoreSequences(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  options: ScoringOptions = {},
): Promise<Float32Array> {
  const results = new Float32Array(sequences.length);
  let done = 0;
  for (const pass of planPasses(sequences, model.config.vocabSize, options.limits)) {
    const scores = await scorePass(
      model,
      pass.map((index) => sequences[index] as CompletionSequence),
      { ops: options.ops },
    );
    pass.forEach((index, i) => (results[index] = scores.sums[i] as number));
    done += pass.length;
    await options.onProgress?.(done, sequences.length);
  }
  return results;
}

/**
 * The same, but looked up in the cache first. The token ids are part of the key, and with them tokenizer, template and truncation;
 * `modelHash` names the weights (and the backend, whose rounding differs).
 */
export async function cachedScores(
  model: () => Promise<CausalLm>,
  modelHash: string,
  sequences: readonly CompletionSequence[],
  options: ScoringOptions & { cache: NumberCache },
): Promise<Float32Array> {
  const key: CacheKey = ['completion log-probs', modelHash, ...sequences.flatMap(keyParts)];
  const known = await options.cache.get(key);
  if (known?.length === sequences.length) return known;
  const values = await scoreSequences(await model(), sequences, options);
  await options.cache.put(key, values);
  return values;
}

/**
 * For every completion token, 1 if the model's greedy choice is right and 0 if not: one list per sequence, in order. Looked up first, as in
 * `cachedScores`.
 */
export async function cachedGreedyHits(
  model: () => Promise<CausalLm>,
  modelHash: string,
  sequences: readonly CompletionSequence[],
  options: ScoringOptions & { cache: NumberCache },
): Promise<Float32Array[]> {
  const key: CacheKey = ['greedy hits', modelHash, ...sequences.flatMap(keyParts)];
  const starts = sequences.map(() => 0);
  const total = sequences.reduce((sum, sequence, i) => {
    starts[i] = sum;
    return sum + completionLength(sequence);
  }, 0);
  let flat = await options.cache.get(key);
  if (flat?.length !== total) {
    flat = await greedyHits(await model(), sequences, starts, total, options);
    await options.cache.put(key, flat);
  }
  const hits = flat;
  return sequences.map((sequence, i) => hits.slice(starts[i], (starts[i] as number) + completionLength(sequence)));
}

async function greedyHits(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  starts: readonly number[],
  total: number,
  { ops, limits, onProgress }: ScoringOptions,
): Promise<Float32Array> {
  const hits = new Float32Array(total);
  let done = 0;
  for (const pass of planPasses(sequences, model.config.vocabSize, limits)) {
    const members = pass.map((index) => sequences[index] as CompletionSequence);
    const { layout, greedy } = await scorePass(model, members, { ops, greedy: true });
    pass.forEach((index, i) => {
      const from = layout.starts[i] as number;
      for (let token = 0; token < (layout.counts[i] as number); token++) {
        const isHit = greedy?.[from + token] === layout.arrays.labels[from + token];
        hits[(starts[index] as number) + token] = isHit ? 1 : 0;
      }
    });
    done += pass.length;
    await onProgress?.(done, sequences.length);
  }
  return hits;
}

function keyParts(sequence: CompletionSequence): [string, Int32Array] {
  return [`${sequence.from}/${sequence.ids.length}`, sequence.ids];
}
