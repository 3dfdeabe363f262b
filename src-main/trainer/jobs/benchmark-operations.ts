import type { PreferenceSample } from '../../engine/data/tokenise.ts';
import { completionLength } from '../../engine/losses/layout.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { blockLinears } from '../../engine/models/parameters.ts';
import type { BenchmarkLoad } from '../../shared/domain/benchmark.ts';

/** Multiplications and additions of products, two for every pair of numbers that meet. What else a model does is left out. */
const perPair = 2;

/**
 * Products of one DPO step that nobody can leave out: each prompt once for both responses, the head at response tokens alone, attention to
 * what is before a token. A weight that trains costs three products (forward, to the inputs, to the weight), a frozen one two.
 * Blocks that are computed again to save memory do not count twice.
 */
export function stepOperations(model: CausalLm, samples: readonly PreferenceSample[]): number {
  const { config, trainable } = model;
  const { layers, heads, headDim, vocabSize, dim } = config;
  const sequences = samples.flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const prompts = samples.reduce((sum, { rejected }) => sum + rejected.from, 0);
  const places = sequences.reduce((sum, { ids }) => sum + ids.length, 0) - prompts;
  const responses = sequences.reduce((sum, sequence) => sum + completionLength(sequence), 0);
  const passes = (weight: string) => (trainable.has(weight) ? 3 : 2);
  let total = 0;
  for (let layer = 0; layer < layers; layer++) {
    for (const { name, inputs, outputs } of blockLinears(config, layer)) {
      total += passes(`${name}.weight`) * inputs * outputs * places;
      const rank = model.parameters.get(`${name}.lora_A.weight`)?.shape[0] ?? 0;
      total += 3 * rank * (inputs + outputs) * places;
    }
  }
  // Scores and their products with the values: half of a square each.
  const squares = sequences.reduce((sum, { ids }) => sum + ids.length ** 2, 0) / 2;
  total += 3 * 2 * layers * heads * headDim * squares;
  total += (model.languageHead().trains ? 3 : 2) * vocabSize * dim * responses;
  return perPair * total;
}

/** Products of decoding: every weight once a token, attention to what is before, the prompt's head at its last token alone. */
export function decodingOperations(
  { config }: CausalLm,
  { rows, promptTokens, newTokens }: Pick<BenchmarkLoad, 'rows' | 'promptTokens' | 'newTokens'>,
): number {
  const { layers, heads, headDim, vocabSize, dim } = config;
  const linears = Array.from({ length: layers }, (_, layer) => blockLinears(config, layer)).flat();
  const weights = linears.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0);
  const positions = promptTokens + newTokens - 1;
  const attention = 2 * layers * heads * headDim * (positions ** 2 / 2);
  return perPair * rows * (weights * positions + attention + vocabSize * dim * newTokens);
}
