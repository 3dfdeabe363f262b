import type { BenchmarkLoad, BenchmarkPair } from '../../shared/domain/benchmark.ts';

/** Ids below are special in most vocabularies. */
const firstId = 3;

/**
 * Pairs of the load's lengths: whole prompts, responses of half the length and more. The same ones each time; what the tokens are does
 * not matter for time and memory.
 */
export function benchmarkPairs(load: BenchmarkLoad, vocabSize: number): BenchmarkPair[] {
  let state = 1;
  // A linear congruence (Numerical Recipes); its high bits are good enough for lengths and ids.
  const below = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const tokens = (length: number) => Array.from({ length }, () => firstId + below(vocabSize - firstId));
  const response = () => tokens(load.responseTokens - below(Math.floor(load.responseTokens / 2)));
  return Array.from({ length: load.pairs * load.batches }, () => ({
    prompt: tokens(load.promptTokens),
    chosen: response(),
    rejected: response(),
  }));
}
