import { describe, expect, test } from 'vitest';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../src-main/engine/models/parameters.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { benchmarkShapes } from '../../src-main/shared/domain/benchmark-shapes.ts';
import { benchmarkLoads, medianOf, tokensOfStep } from '../../src-main/shared/domain/benchmark.ts';
import { decodingOperations, stepOperations } from '../../src-main/trainer/jobs/benchmark-operations.ts';
import { benchmarkPairs } from '../../src-main/workbench/benchmark/pairs.ts';

const product = (sizes: readonly number[]) => sizes.reduce((size, length) => size * length, 1);
const numbersIn = (shapes: ReadonlyMap<string, readonly number[]>) =>
  [...shapes.values()].reduce((count, shape) => count + product(shape), 0);

describe('what a benchmark counts', () => {
  test('shapes have the sizes of the models they are called after', () => {
    const sizes = benchmarkShapes.gpu.map(([name, config]) => [
      name,
      Math.round(numbersIn(expectedShapes(readModelConfig(config))) / 1e6),
    ]);
    // As their model cards have them: 15M (tied), 0.49B, 1.23B.
    expect(sizes).toEqual([
      ['stories15M’s shape', 15],
      ['Qwen2.5-0.5B’s shape', 494],
      ['Llama-3.2-1B’s shape', 1236],
    ]);
  });

  /** One block of width 2, one head, inner width 3, five words. */
  const config = readModelConfig({
    ...{ model_type: 'llama', hidden_size: 2, num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: 3 },
    ...{ vocab_size: 5, max_position_embeddings: 16, tie_word_embeddings: true, rms_norm_eps: 1e-5 },
  });
  const names = [...expectedShapes(config).keys()];
  const model = (trained: readonly string[]) =>
    ({
      config,
      parameters: new Map(),
      trainable: new Map(trained.map((name) => [name, null])),
      languageHead: () => ({ trains: trained.length > 0 }),
    }) as unknown as CausalLm;
  const sequence = (length: number) => ({ ids: new Int32Array(length), from: 2 });
  const samples = [{ id: 'a', chosen: sequence(5), rejected: sequence(4) }];

  test('operations of a step and of a decoding, by hand', () => {
    // Linears: 4·(2·2) + 3·(2·3) = 34 numbers. Places: 5 + 4 − 2 = 7. Responses: 3 + 2 tokens. Squares: (25 + 16)/2 = 20.5.
    const attention = 3 * 2 * 2 * 20.5;
    expect([stepOperations(model(names), samples), stepOperations(model([]), samples)]).toEqual([
      2 * (3 * 34 * 7 + attention + 3 * 5 * 2 * 5),
      2 * (2 * 34 * 7 + attention + 2 * 5 * 2 * 5),
    ]);
    // Three prompt tokens and two new ones: the last new one is not fed. 4²/2 scores of width 2, twice; the head at two tokens.
    expect(decodingOperations(model([]), { rows: 3, promptTokens: 3, newTokens: 2 })).toBe(
      2 * 3 * (34 * 4 + 2 * 2 * 8 + 5 * 2 * 2),
    );
  });

  test('pairs have the load’s lengths, and are the same ones each time', () => {
    const load = benchmarkLoads.tiny;
    const pairs = benchmarkPairs(load, 512);
    expect(benchmarkPairs(load, 512)).toEqual(pairs);
    expect(pairs).toHaveLength(load.pairs * load.batches);
    for (const { prompt, chosen, rejected } of pairs) {
      expect(prompt).toHaveLength(load.promptTokens);
      for (const response of [chosen, rejected]) {
        expect(response.length).toBeGreaterThan(load.responseTokens / 2);
        expect(response.length).toBeLessThanOrEqual(load.responseTokens);
      }
      expect(Math.min(...prompt, ...chosen, ...rejected)).toBeGreaterThanOrEqual(3);
      expect(Math.max(...prompt, ...chosen, ...rejected)).toBeLessThan(512);
    }
    expect(
      tokensOfStep(
        [
          { prompt: [1, 2], chosen: [3], rejected: [4, 5, 6] },
          { prompt: [1], chosen: [2], rejected: [3] },
        ],
        { batches: 2 },
      ),
    ).toBe(6);
    expect([medianOf([3, 1, 2]), medianOf([4, 1])]).toEqual([2, 2.5]);
  });
});
