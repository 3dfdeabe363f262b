import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { planPasses } from '../data/score-sequences.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { generate } from '../decode/generate.ts';
import { headLogProbs } from '../losses/head.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { inputTensors } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** A sampled response behind its prompt. */
export interface Rollout {
  sequence: CompletionSequence;
  text: string;
}

/** Scalar rewards of responses; `samples` and `texts` run parallel. */
export type RewardFunction = (samples: readonly PromptSample[], texts: readonly string[]) => Promise<number[]>;

/** One response to every prompt, the same for the same step. */
export type SampleRollouts = (prompts: readonly PromptSample[], step: number) => Promise<Rollout[]>;

export interface SamplingOptions {
  temperature: number;
  maxNewTokens: number;
  seed: number;
  cancelled?: () => boolean;
  ops?: NativeOps | undefined;
}

/** One response to every prompt. */
export async function sampleResponses(
  model: CausalLm,
  tokenizer: Tokenizer,
  prompts: readonly PromptSample[],
  options: SamplingOptions,
): Promise<Rollout[]> {
  const { temperature, maxNewTokens, seed, cancelled = () => false, ops } = options;
  const signal = {
    get aborted() {
      return cancelled();
    },
  };
  const generations = await generate(
    model,
    tokenizer,
    prompts.map(({ ids }) => [...ids]),
    { temperature, maxNewTokens, seed },
    { signal, ops },
  );
  return generations.map(({ ids, text }, i) => {
    const prompt = (prompts[i] as PromptSample).ids;
    return { text, sequence: { ids: Int32Array.from([...prompt, ...ids]), from: prompt.length } };
  });
}

/** A linear head that reads values off the policy's hidden states. */
export interface ValueHead {
  /** [1, dim] */
  weight: Variable;
  /** [1] */
  bias: Variable;
}

/** Value of every response token's state: hidden [tokens, dim] → [tokens]. */
export function valuesOf(head: ValueHead, hidden: Tensor2D): Tensor1D {
  const product = tf.matMul(hidden, head.weight as Variable<tf.Rank.R2>, false, true);
  return tf.add(tf.reshape(product, [hidden.shape[0]]), head.bias as Variable<tf.Rank.R1>);
}

/** Figures of one response, one per token. */
export interface ResponseNumbers {
  logProbs: Float32Array;
  values: Float32Array;
}

/** Log-probs (and values, where a head is given) of responses, without gradients, in order. */
export async function measureResponses(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  options: { temperature: number; ops: NativeOps; head?: ValueHead },
): Promise<ResponseNumbers[]> {
  const { temperature, ops } = options;
  const results = new Array<ResponseNumbers>(sequences.length);
  for (const pass of planPasses(sequences, model.config.vocabSize)) {
    const layout = layoutFor(
      model,
      pass.map((index) => sequences[index] as CompletionSequence),
      false,
    );
    const measured = tf.tidy(() => {
      const batch = batchOf(layout.form, inputTensors(batchInputs(model, layout)));
      const hidden = completionHidden(model, batch, { ops });
      const logProbs = headLogProbs(model, hidden, batch.labels, { ops, temperature });
      const values = options.head === undefined ? tf.zerosLike(logProbs) : valuesOf(options.head, hidden);
      return tf.stack([logProbs, values]);
    });
    const numbers = (await measured.data()) as Float32Array;
    measured.dispose();
    pass.forEach((index, i) => {
      const start = layout.starts[i] as number;
      const end = start + (layout.counts[i] as number);
      results[index] = {
        logProbs: numbers.slice(start, end),
        values: numbers.slice(layout.form.tokens + start, layout.form.tokens + end),
      };
    });
  }
  return results;
}
