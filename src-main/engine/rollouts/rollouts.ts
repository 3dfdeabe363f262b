import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { planPasses } from '../data/score-sequences.ts';
import type { PromptSample } from '../data/tokenise.ts';
import { generate } from '../decode/generate.ts';
import { headLogProbs } from '../losses/head.ts';
import { bySequence, type CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { Passes, type PassTensors } from '../passes.ts';
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

export interface MeasuringOptions {
  temperature: number;
  ops: NativeOps;
  head?: ValueHead;
  /** Where forms of batches are compiled, under this name; without them, operations run one by one. */
  compiled?: { passes: Passes; as: 'policy' | 'reference' };
}

/** Log-probs (and values, where a head is given) of responses, without gradients, in order. */
export async function measureResponses(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  { temperature, ops, head, compiled }: MeasuringOptions,
): Promise<ResponseNumbers[]> {
  const passes = compiled?.passes ?? new Passes({});
  const results = new Array<ResponseNumbers>(sequences.length);
  for (const pass of planPasses(sequences, model.config.vocabSize)) {
    const layout = layoutFor(
      model,
      pass.map((index) => sequences[index] as CompletionSequence),
      passes.rounded,
    );
    const task = {
      key: `${compiled?.as ?? ''} ${JSON.stringify(layout.form)}`,
      inputs: batchInputs(model, layout),
      build: (tensors: PassTensors) => {
        const batch = batchOf(layout.form, tensors);
        const hidden = completionHidden(model, batch, { ops });
        const logProbs = headLogProbs(model, hidden, batch.labels, { ops, temperature });
        return { told: head === undefined ? logProbs : tf.concat([logProbs, valuesOf(head, hidden)]) };
      },
    };
    // Compiled from the first time on: a resumed run has to round as the uninterrupted one does.
    const told = await passes.measure(task, { always: true });
    const logProbs = bySequence(layout, told);
    const values = head === undefined ? null : bySequence(layout, told.subarray(layout.form.tokens));
    pass.forEach((index, i) => {
      const own = logProbs[i] as Float32Array;
      results[index] = { logProbs: own, values: values?.[i] ?? new Float32Array(own.length) };
    });
  }
  return results;
}
