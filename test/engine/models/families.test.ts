import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { readModelConfig, supportedFamilies } from '../../../src-main/engine/models/families.ts';
import { expectedShapes, parameterCount } from '../../../src-main/engine/models/parameters.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 100,
  hidden_size: 32,
  intermediate_size: 40,
  num_hidden_layers: 1,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  bos_token_id: 1,
  eos_token_id: [2, 3],
};
const mistral = { ...llama, model_type: 'mistral' };
const { num_key_value_heads: _, ...noGroups } = llama;

describe('config.json', () => {
  it('becomes what the decoder needs', () => {
    const { source, architecture, ...config } = readModelConfig(llama);
    expect(config).toEqual({
      family: 'llama',
      vocabSize: 100,
      dim: 32,
      layers: 1,
      heads: 4,
      kvHeads: 2,
      headDim: 8,
      ffnDim: 40,
      maxPositions: 64,
      tiedHead: false,
      bosTokenId: 1,
      eosTokenIds: [2, 3],
      padTokenId: null,
    });
    expect(source).toBe(llama);
    expect(architecture.positions).toEqual({
      kind: 'rotary',
      rotary: { dim: 8, theta: 10_000, scaling: { kind: 'none' } },
    });
  });

  it('fills in what may be left out', () => {
    expect(readModelConfig(noGroups).kvHeads).toBe(4);
    expect(readModelConfig({ ...mistral, sliding_window: null }).architecture.attention.window).toBeNull();
    expect(readModelConfig({ ...llama, eos_token_id: null }).eosTokenIds).toEqual([]);
  });

  it('is read alike in the older layout of rotary settings and in the newer one', () => {
    const factors = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 16 };
    const older = { ...llama, rope_theta: 500_000, rope_scaling: { rope_type: 'llama3', ...factors } };
    const newer = { ...llama, rope_parameters: { rope_type: 'llama3', rope_theta: 500_000, ...factors } };
    const oldest = { ...llama, rope_theta: 500_000, rope_scaling: { type: 'linear', factor: 2 } };
    const positions = (source: object) => readModelConfig(source).architecture.positions;
    expect(positions(older)).toEqual(positions(newer));
    expect(positions(oldest)).toEqual({
      kind: 'rotary',
      rotary: { dim: 8, theta: 500_000, scaling: { kind: 'linear', factor: 2 } },
    });
  });

  it('reads the first context of dynamic scaling off max_position_embeddings, as transformers does', () => {
    const scaling = { rope_type: 'dynamic', factor: 2, original_max_position_embeddings: 16 };
    expect(readModelConfig({ ...llama, rope_scaling: scaling }).architecture.positions).toMatchObject({
      rotary: { scaling: { kind: 'dynamic', originalPositions: 64 } },
    });
  });

  it('says which weights there are', () => {
    const shapes = Object.fromEntries(expectedShapes(readModelConfig(llama)));
    expect(shapes).toEqual({
      'model.embed_tokens.weight': [100, 32],
      'model.layers.0.input_layernorm.weight': [32],
      'model.layers.0.self_attn.q_proj.weight': [32, 32],
      'model.layers.0.self_attn.k_proj.weight': [16, 32],
      'model.layers.0.self_attn.v_proj.weight': [16, 32],
      'model.layers.0.self_attn.o_proj.weight': [32, 32],
      'model.layers.0.post_attention_layernorm.weight': [32],
      'model.layers.0.mlp.gate_proj.weight': [40, 32],
      'model.layers.0.mlp.up_proj.weight': [40, 32],
      'model.layers.0.mlp.down_proj.weight': [32, 40],
      'model.norm.weight': [32],
      'lm_head.weight': [100, 32],
    });
    expect(parameterCount(new Map(Object.entries(shapes)))).toBe(2 * 3200 + 3 * 32 + 2 * 1024 + 2 * 512 + 3 * 1280);
  });

  it('of a sequence classifier asks for its score head in place of the language-model head', () => {
    const shapes = expectedShapes(
      readModelConfig({ ...llama, architectures: ['LlamaForSequenceClassification'], num_labels: 1 }),
    );
    expect(shapes.get('score.weight')).toEqual([1, 32]);
    expect(shapes.has('lm_head.weight')).toBe(false);
  });
});

describe('what would be computed wrongly is refused by name, before any weight is read', () => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['another family', { ...llama, model_type: 'mamba' }, 'model_type', /type “mamba”/],
    [
      'another head',
      { ...llama, architectures: ['LlamaForTokenClassification'] },
      'architectures',
      /LlamaForTokenClassification/,
    ],
    ['quantised weights', { ...llama, quantization_config: { bits: 4 } }, 'quantization_config', /quantised/],
    ['a mixture of experts', { ...llama, num_local_experts: 8 }, 'num_local_experts', /experts/],
    [
      'windows on some layers',
      { ...llama, model_type: 'qwen2', use_sliding_window: true },
      'use_sliding_window',
      /sliding/,
    ],
    ['an unknown activation', { ...llama, hidden_act: 'mish' }, 'hidden_act', /mish/],
    ['an unknown rotary scaling', { ...llama, rope_scaling: { type: 'wave' } }, 'rope_scaling.rope_type', /“wave”/],
  ];
  it.each(cases)('%s', async (_, config, field, message) => {
    // The folder has no weights at all: the refusal comes first.
    const folder = new MemoryFolder({ 'config.json': JSON.stringify(config) }, 'some-model');
    await expect(loadModel(folder)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(message),
      remedy: expect.stringContaining('Supported are:'),
      place: { file: 'some-model/config.json', field },
    });
  });

  it('with the list of what is supported', () => {
    expect(supportedFamilies.map((family) => family.split(' ')[0])).toEqual([
      'llama',
      'mistral',
      'qwen2',
      'qwen3',
      'gpt2',
      'gpt_neox',
    ]);
  });
});

describe('a value that cannot be is refused with its field', () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ ...llama, hidden_size: -1 }, /hidden_size must be a positive whole number; found -1/],
    [{ ...llama, hidden_size: 1e300 }, /hidden_size must be a positive whole number/],
    [{ ...llama, vocab_size: undefined }, /vocab_size must be a positive whole number; it is missing/],
    [{ ...llama, model_type: 3 }, /model_type must be a text/],
    [{ ...llama, tie_word_embeddings: 'yes' }, /tie_word_embeddings must be true or false/],
    [{ ...llama, num_key_value_heads: 3 }, /4 heads cannot share 3/],
    [{ ...llama, head_dim: 7 }, /even number of dimensions, not 7/],
    [{ ...llama, rope_scaling: { type: 'linear' } }, /rope_scaling\.factor must be a number; it is missing/],
    [{ ...llama, rope_scaling: [] }, /rope_scaling is not an object/],
    [{ ...llama, eos_token_id: -3 }, /eos_token_id must be a token id/],
  ];
  it.each(cases)('%#', (config, message) => {
    expect(() => readModelConfig(config)).toThrow(message);
  });

  it.each([['[]'], ['null'], ['{'], ['"x"']])('also when config.json is %s', async (text) => {
    await expect(loadModel(new MemoryFolder({ 'config.json': text }))).rejects.toMatchObject({ code: 'bad-input' });
  });
});
