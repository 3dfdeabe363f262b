import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { newVariable } from './checkpoint/load-model.ts';
import { planPasses } from './data/score-sequences.ts';
import { layoutBatch, type CompletionSequence } from './losses/layout.ts';
import type { ForwardOptions } from './losses/token-log-probs.ts';
import type { CausalLm } from './models/causal-lm.ts';
import { createDecoder } from './models/decoder.ts';
import { readModelConfig } from './models/families.ts';
import { scoreHead } from './models/parameters.ts';
import type { RandomStream } from './ports.ts';
import { randomNormal } from './random.ts';
import type { Tokenizer } from './tokenizer/tokenizer.ts';

/** transformers' `initializer_range` where config.json names none. */
const usualDeviation = 0.02;

export function isRewardModel(model: CausalLm): boolean {
  return model.parameters.has(scoreHead);
}

/**
 * A decoder with a fresh scalar head instead of its language-model head: transformers' `…ForSequenceClassification` with
 * one label. As in TRL's RewardTrainer, its padding token is the tokenizer's, or EOS where that has none. Takes the
 * model's weights over; the head of a reward model stays as it is.
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
 * Scalar rewards of whole sequences → [sequences]: the head on the hidden state of each one's last token that is not
 * padding. Where EOS is the padding token, that is the token before EOS, as in transformers.
 */
export function sequenceRewards(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  { dropoutSeed }: Pick<ForwardOptions, 'dropoutSeed'> = {},
): Tensor1D {
  const head = scalarHead(model);
  const layout = layoutBatch(sequences);
  const forward = dropoutSeed === undefined ? {} : { training: true, dropoutSeed };
  const parts = layout.groups.map((group) => {
    const ids = tf.tensor2d(group.ids, [group.rows.length, group.time], 'int32');
    const hidden = model.hiddenStates(ids, group.lengths, forward);
    const flat: Tensor2D = tf.reshape(hidden, [group.rows.length * group.time, model.config.dim]);
    const last = group.rows.map((row, i) => i * group.time + lastToken(sequences[row], model.config.padTokenId));
    return tf.gather(flat, tf.tensor1d(last, 'int32'));
  });
  const scores = tf.matMul(tf.concat(parts, 0), head, false, true);
  const order = layout.groups.flatMap((group) => group.rows);
  const back = new Int32Array(order.length);
  order.forEach((row, place) => (back[row] = place));
  return tf.gather(tf.reshape(scores, [order.length]), tf.tensor1d(back, 'int32'));
}

/** [1, dim] */
function scalarHead(model: CausalLm): Variable<tf.Rank.R2> {
  const head = model.parameters.get(scoreHead) as Variable<tf.Rank.R2> | undefined;
  if (head?.shape[0] === 1) return head;
  const found = head === undefined ? 'no score head' : `a head of ${head.shape[0]} labels`;
  throw new WorkbenchError('bad-input', `the reward model has ${found}`, {
    remedy: 'Train one with algorithm reward, or name a …ForSequenceClassification model with one label.',
  });
}

function lastToken(sequence: CompletionSequence | undefined, padTokenId: number | null): number {
  const place = sequence?.ids.findLastIndex((id) => id !== padTokenId) ?? 0;
  return Math.max(0, place);
}

/** The same in passes, without gradients, as numbers. */
export async function scoreRewards(model: CausalLm, sequences: readonly CompletionSequence[]): Promise<Float32Array> {
  const rewards = new Float32Array(sequences.length);
  for (const pass of planPasses(sequences, 1)) {
    const tensor = tf.tidy(() =>
      sequenceRewards(
        model,
        pass.map((index) => sequences[index] as CompletionSequence),
      ),
    );
    const values = await tensor.data();
    tensor.dispose();
    pass.forEach((index, i) => (rewards[index] = values[i] as number));
  }
  return rewards;
}
