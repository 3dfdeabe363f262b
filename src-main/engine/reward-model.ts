import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { newVariable } from './checkpoint/load-model.ts';
import { planPasses } from './data/score-sequences.ts';
import { layoutBatch, type CompletionSequence } from './losses/layout.ts';
import type { CausalLm } from './models/causal-lm.ts';
import { createDecoder } from './models/decoder.ts';
import { readModelConfig } from './models/families.ts';
import type { RandomStream } from './ports.ts';
import { randomNormal } from './random.ts';

const headName = 'score.weight';
/** transformers' `initializer_range` where config.json names none. */
const usualDeviation = 0.02;

export function isRewardModel(model: CausalLm): boolean {
  return model.parameters.has(headName);
}

/**
 * A decoder with a fresh scalar head instead of its language-model head: transformers' `…ForSequenceClassification` with
 * one label. Takes the model's weights over.
 */
export function toRewardModel(model: CausalLm, random: RandomStream): CausalLm {
  if (isRewardModel(model)) return model;
  const { source, dim } = model.config;
  const [architecture] = (source['architectures'] as string[] | undefined) ?? [];
  const classifier = architecture?.replace(/(ForCausalLM|LMHeadModel)$/, 'ForSequenceClassification');
  const config = readModelConfig({ ...source, architectures: [classifier], num_labels: 1, id2label: undefined });
  const deviation = typeof source['initializer_range'] === 'number' ? source['initializer_range'] : usualDeviation;
  const parameters = new Map<string, Variable>(model.parameters);
  const languageHead = `${model.config.architecture.names.head}.weight`;
  parameters.get(languageHead)?.dispose();
  parameters.delete(languageHead);
  const head = Float32Array.from({ length: dim }, () => deviation * randomNormal(random));
  parameters.set(headName, newVariable(head, [1, dim]));
  return createDecoder(config, parameters);
}

/** Scalar rewards of whole sequences → [sequences]: the head on the last token's hidden state. */
export function sequenceRewards(model: CausalLm, sequences: readonly CompletionSequence[]): Tensor1D {
  const head = model.parameters.get(headName) as Variable<tf.Rank.R2> | undefined;
  if (head === undefined) {
    throw new WorkbenchError('bad-input', 'the reward model has no score head', {
      remedy: 'Train one with algorithm reward, or name a …ForSequenceClassification model with one label.',
    });
  }
  const layout = layoutBatch(sequences);
  const parts = layout.groups.map((group) => {
    const ids = tf.tensor2d(group.ids, [group.rows.length, group.time], 'int32');
    const hidden = model.hiddenStates(ids, group.lengths);
    const flat: Tensor2D = tf.reshape(hidden, [group.rows.length * group.time, model.config.dim]);
    const last = group.lengths.map((length, row) => row * group.time + length - 1);
    return tf.gather(flat, tf.tensor1d(last, 'int32'));
  });
  const scores = tf.matMul(tf.concat(parts, 0), head, false, true);
  const order = layout.groups.flatMap((group) => group.rows);
  const back = new Int32Array(order.length);
  order.forEach((row, place) => (back[row] = place));
  return tf.gather(tf.reshape(scores, [order.length]), tf.tensor1d(back, 'int32'));
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
