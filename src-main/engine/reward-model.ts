import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Variable } from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { newVariable } from './checkpoint/load-model.ts';
import { planPasses } from './data/score-sequences.ts';
import type { CompletionSequence } from './losses/layout.ts';
import { type Batch, batchInputs, batchOf, type ForwardOptions, layoutFor } from './losses/token-log-probs.ts';
import type { CausalLm } from './models/causal-lm.ts';
import { createDecoder } from './models/decoder.ts';
import { readModelConfig } from './models/families.ts';
import { scoreHead } from './models/parameters.ts';
import { Passes } from './passes.ts';
import type { RandomStream } from './ports.ts';
import { randomNormal } from './random.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** transformers' `initializer_range` where config.json names none. */
const usualDeviation = 0.02;

export function isRewardModel(model: CausalLm): boolean {
  return model.parameters.has(scoreHead);
}

/**
 * A decoder with a fresh scalar head instead of its language-model head: transformers' `…ForSequenceClassification` with one label. As in
 * TRL's RewardTrainer, its padding token is the tokenizer's, or EOS if that has none. Takes over the model's weights; the head of a reward
 * model stays as it is.
 */
export function toRewardModel(
  model: CausalLm,
  { padTokenId, eosTokenId }: Pick<Tokenizer, 'padTokenId' | 'eosTokenId'>,
  random: RandomStream,
): CausalLm {
  const { source, dim } = model.config;
  const [architecture = 'ForCausalLM'] = (source['architectures'] as string[] | undefined) ?? [];
  const config = readModelConfig({
    ...source,
    architectures: [architecture.replace(/(ForCausalLM|LMHeadModel)$/, 'ForSequenceClassification')],
    num_labels: 1,
    id2label: undefined,
    label2id: undefined,
    pad_token_id: padTokenId ?? eosTokenId,
  });
  if (isRewardModel(model)) return createDecoder(config, model.parameters);
  const deviation = typeof source['initializer_range'] === 'number' ? source['initializer_range'] : usualDeviation;
  const parameters = new Map<string, Variable>(model.parameters);
  const languageHead = `${model.config.architecture.names.head}.weight`;
  parameters.get(languageHead)?.dispose();
  parameters.delete(languageHead);
  const head = Float32Array.from({ length: dim }, () => deviation * randomNormal(random));
  parameters.set(scoreHead, newVariable(head, [1, dim]));
  return createDecoder(config, parameters);
}

/**
 * The part of each sequence that its score is read off: everything up to the last token that is not padding. If EOS is the padding token,
 * that is the token before EOS, as in transformers.
 */
export function scoredParts(model: CausalLm, sequences: readonly CompletionSequence[]): CompletionSequence[] {
  return sequences.map(({ ids, from }) => {
    const end = lastToken(ids, model.config.padTokenId) + 1;
    return { ids: ids.subarray(0, end), from: Math.min(from, end) };
  });
}

/** Scalar rewards → [sequences]: the head on the hidden state of the last token of each of a batch's `scoredParts`. */
export function sequenceRewards(model: CausalLm, batch: Batch, options: ForwardOptions = {}): Tensor1D {
  const head = scalarHead(model);
  const hidden = tf.gather(model.packedStates(batch.packed, options), batch.last);
  return tf.reshape(tf.matMul(hidden, head, false, true), [batch.form.sequences]);
}

/** [1, dim] */
function scalarHead(model: CausalLm): Variable<tf.Rank.R2> {
  const head = model.parameters.get(scoreHead) as Variable<tf.Rank.R2> | undefined;
  if (head?.shape[0] === 1) return head;
  const found = head === undefined ? 'no score head' : `a head of ${head.shape[0]} labels`;
  throw new WorkbenchError('bad-input', `the reward model has ${found}`, {
    remedy: 'Train one with the algorithm reward, or name a …ForSequenceClassification model with one label.',
  });
}

function lastToken(ids: Int32Array, padTokenId: number | null): number {
  return Math.max(
    0,
    ids.findLastIndex((id) => id !== padTokenId),
  );
}

/** The same in passes, without gradients, as numbers. */
export async function scoreRewards(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  passes = new Passes({}),
): Promise<Float32Array> {
  const rewards = new Float32Array(sequences.length);
  for (const pass of planPasses(sequences, 1)) {
    const members = pass.map((index) => sequences[index] as CompletionSequence);
    const layout = layoutFor(model, scoredParts(model, members), passes.rounded);
    const values = await passes.measure({
      key: `rewards ${JSON.stringify(layout.form)}`,
      inputs: batchInputs(model, layout),
      build: (tensors) => ({ told: sequenceRewards(model, batchOf(layout.form, tensors)) }),
    });
    pass.forEach((index, i) => (rewards[index] = values[i] as number));
  }
  return rewards;
}
