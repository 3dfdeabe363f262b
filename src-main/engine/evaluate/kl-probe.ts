import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { planPasses } from '../data/score-sequences.ts';
import { generate } from '../decode/generate.ts';
import type { Cancellation } from '../decode/generate.ts';
import { distributionsOf, forwardKl } from '../guard/guard.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor, sumPerSequence } from '../losses/token-log-probs.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { inputTensors } from '../passes.ts';
import type { NativeOps } from '../ports.ts';
import type { AnswersTo } from './context.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/**
 * How far a model has moved from an old one: KL(old ‖ new) in nats per answer, over the full vocabulary at every token of an answer
 * that the old model gives to each prompt, and summed over the answer. One number per prompt, in order.
 */
export async function probeKl(
  { model, old, tokenizer, ops }: { model: CausalLm; old: CausalLm; tokenizer: Tokenizer; ops: NativeOps },
  prompts: readonly (readonly number[])[],
  decoding: DecodingSettings,
  signal: Cancellation,
  /** May know the old model's answers already. */
  answersTo: AnswersTo = (_prompts, _settings, draw) => draw(),
): Promise<Float32Array> {
  requireOneVocabulary(model, old);
  const answers = await answersTo(prompts, decoding, async () => {
    const drawn = await generate(old, tokenizer, prompts, decoding, { signal, ops });
    return drawn.map(({ ids }) => Int32Array.from(ids));
  });
  const sequences = answers.map((ids, i): CompletionSequence => {
    const prompt = prompts[i] ?? [];
    return { ids: Int32Array.from([...prompt, ...ids]), from: prompt.length };
  });
  return klAlong({ model, old, ops }, sequences);
}

/** KL(old ‖ new) in nats, summed over the completion of each sequence, in order. */
export async function klAlong(
  { model, old, ops }: { model: CausalLm; old: CausalLm; ops: NativeOps },
  sequences: readonly CompletionSequence[],
): Promise<Float32Array> {
  const all = new Float32Array(sequences.length);
  for (const pass of planPasses(sequences, model.config.vocabSize)) {
    const members = pass.map((index) => sequences[index] as CompletionSequence);
    const sums = tf.tidy(() => {
      const logitsOf = (of: CausalLm) => {
        const layout = layoutFor(of, members, false);
        const batch = batchOf(layout.form, inputTensors(batchInputs(of, layout)));
        return { batch, logits: of.logits(completionHidden(of, batch, { ops })) };
      };
      const { logits: before } = logitsOf(old);
      const { batch, logits: now } = logitsOf(model);
      return sumPerSequence(forwardKl(distributionsOf(before, ops), now, ops), batch);
    });
    const values = await sums.data();
    sums.dispose();
    // Rounding of float32 leaves a KL of 0 a little below it.
    pass.forEach((index, i) => (all[index] = Math.max(0, values[i] ?? Number.NaN)));
  }
  return all;
}

function requireOneVocabulary(model: CausalLm, old: CausalLm): void {
  const [mine, other] = [model.config.vocabSize, old.config.vocabSize];
  if (mine === other) return;
  throw new WorkbenchError('bad-input', `The two models have different vocabularies: ${mine} and ${other} tokens.`, {
    remedy: 'A KL over the vocabulary needs the model that the weights were trained from.',
  });
}
