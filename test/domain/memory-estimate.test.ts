import { expect, test } from 'vitest';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { shapeOf } from '../../src-main/engine/models/shape.ts';
import { knownShapes, type KnownShape } from '../../src-main/shared/domain/known-shapes.ts';
import { estimateMemory } from '../../src-main/shared/domain/memory-estimate.ts';
import { runSpecSchema, type RunSpecInput } from '../../src-main/shared/domain/run-spec.ts';

const tiny = readModelConfig({
  ...{ model_type: 'llama', hidden_size: 8, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1 },
  ...{ intermediate_size: 12, vocab_size: 20, tie_word_embeddings: true, max_position_embeddings: 64 },
});
const conditions = { half: false, checkpointing: false, fused: false, longest: 10, decoding: null };
const processBytes = { idle: 1000, working: 3000 };

function spec(changes: Partial<RunSpecInput> = {}) {
  return runSpecSchema.parse({
    ...{ name: 'n', model: 'm', dataset: { train: 'd' }, algorithm: { kind: 'dpo' }, steps: 1, batch: { size: 3 } },
    ...changes,
  });
}

test('every part of a tiny model’s memory is what one counts by hand', () => {
  // A block: q 64, k and v 32 each, o 64, gate, up and down 96 each, two norms of 8 = 496. Embedding 160, last norm 8.
  const parameters = 2 * 496 + 160 + 8;
  const places = 2 * 3 * 10;
  // Per layer and token 8·8 + 4·12 + (2 + 2)·4 + 2·10 = 148 numbers.
  expect(estimateMemory(spec(), shapeOf(tiny), { ...conditions, processBytes }).phases).toEqual({
    load: { process: 1000, weights: 4 * parameters, reading: 4 * 160 },
    step: {
      process: 3000,
      weights: 4 * parameters,
      gradients: 4 * parameters,
      optimiser: 8 * parameters,
      activations: 4 * places * 2 * 148,
      logits: 8 * places * 20,
    },
    evaluate: { process: 3000, weights: 4 * parameters, optimiser: 8 * parameters },
  });
});

test('where attention, norms and gates are one operation each, no weights of attention are kept', () => {
  const at = (longest: number) =>
    estimateMemory(spec(), shapeOf(tiny), { ...conditions, fused: true, longest, processBytes }).phases.step
      .activations;
  // Per layer and token 4·8 + 2·(2 + 1)·4 + 3·12 = 92 numbers, and twice as many for sequences twice as long.
  expect([at(10), at(20)]).toEqual([4 * 60 * 2 * 92, 4 * 120 * 2 * 92]);
});

test('where scores are capped, they are kept all the same', () => {
  const capped = readModelConfig({ ...tiny.source, model_type: 'gemma2', hidden_activation: 'silu', head_dim: 4 });
  const keptOf = (fused: boolean) =>
    estimateMemory(spec(), shapeOf(capped), { ...conditions, fused, longest: 10, processBytes }).phases.step
      .activations;
  expect(keptOf(true)).toBe(keptOf(false));
});

test('an adapter trains alone, bfloat16 narrows what does not train, blocks that are computed twice keep their input', () => {
  const lora = spec({ tuning: { kind: 'lora', rank: 2, targets: ['q_proj', 'down_proj'] } });
  const estimate = estimateMemory(lora, shapeOf(tiny), {
    ...conditions,
    half: true,
    checkpointing: true,
    decoding: { rows: 4, tokens: 5 },
    processBytes,
  });
  const adapter = 2 * 2 * (16 + 20);
  const frozen = 1160;
  const matrices = 2 * 480;
  expect(estimate.phases.step).toEqual({
    process: 3000,
    weights: 4 * (frozen + adapter) - 2 * matrices,
    gradients: 4 * adapter,
    optimiser: 8 * adapter,
    activations: 4 * 60 * (2 * 8 + 148),
    logits: 8 * 60 * 20,
  });
  // Every matrix and the head once more, and keys and values of one head of 4.
  // A cache has room for 128 positions at least, and a quarter more than are there.
  const decodingOf = (tokens: number) =>
    estimateMemory(lora, shapeOf(tiny), { ...conditions, processBytes, decoding: { rows: 4, tokens } }).phases.evaluate
      .decoding;
  expect(estimate.phases.evaluate.decoding).toBe(4 * (matrices + 160 + 2 * 2 * 4 * 4 * 128));
  expect(decodingOf(200)! - decodingOf(5)!).toBe(4 * 2 * 2 * 4 * 4 * (250 - 128));
  expect([estimate.peakPhase, estimate.peakBytes]).toEqual([
    'step',
    Object.values(estimate.phases.step).reduce((sum, bytes) => sum + bytes, 0),
  ]);
});

test.each([
  [{ kind: 'flip-hinge', suite: 's', weight: 1, combine: 'project' }, 2],
  [{ kind: 'flipguard', weight: 1, combine: 'agree' }, 2],
  [{ kind: 'flipguard', weight: 1, combine: 'add' }, 1],
  [{ kind: 'flipguard', weight: 1 }, 1],
] as [RunSpecInput['guard'], number][])('a guard that meets training’s gradients has its own: %o', (guard, copies) => {
  const step = (changes: Partial<RunSpecInput>) =>
    estimateMemory(spec(changes), shapeOf(tiny), { ...conditions, processBytes }).phases.step;
  for (const tuning of [{ kind: 'full' }, { kind: 'lora', rank: 2, targets: ['q_proj'] }] as RunSpecInput['tuning'][]) {
    const plain = step({ tuning });
    expect(step({ tuning, guard })).toEqual({ ...plain, gradients: copies * plain.gradients! });
  }
});

test('known shapes have the parameters that their models have', () => {
  const counts = Object.entries(knownShapes).map(([name, { config }]) => [
    name,
    shapeOf(readModelConfig(config)).parameters,
  ]);
  const published: Record<KnownShape, number> = {
    '135M': 134_515_008,
    '0.5B': 494_032_768,
    '1B': 1_235_814_400,
    '1.7B': 1_720_574_976,
    '4B': 4_022_468_096,
    '8B': 8_030_261_248,
  };
  expect(Object.fromEntries(counts)).toEqual(published);
});
