// Over 300 lines: one table of configurations for each family, to be searched as one.
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { readModelConfig, supportedFamilies } from '../../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../../src-main/engine/models/parameters.ts';
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
const opt = { ...llama, model_type: 'opt', architectures: ['OPTForCausalLM'], ffn_dim: 40 };
const gptNeo = { ...llama, model_type: 'gpt_neo', architectures: ['GPTNeoForCausalLM'], num_heads: 4, num_layers: 1 };
const { num_key_value_heads: _, ...noGroups } = llama;

const windowsOf = (source: object) => readModelConfig(source).architecture.layers.map(({ window }) => window);
const rotaryOf = (source: object) => readModelConfig(source).architecture.layers.map(({ rotary }) => rotary);

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
    expect(architecture.layers).toEqual([
      { window: null, rotary: { dim: 8, theta: 10_000, scaling: { kind: 'none' } } },
    ]);
  });

  it('fills in what may be left out', () => {
    expect(readModelConfig(noGroups).kvHeads).toBe(4);
    expect(windowsOf({ ...mistral, sliding_window: null })).toEqual([null]);
    expect(windowsOf(mistral)).toEqual([4096]);
    expect(readModelConfig({ ...llama, eos_token_id: null }).eosTokenIds).toEqual([]);
  });

  it('is read alike in the older layout of rotary settings and in the newer one', () => {
    const factors = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 16 };
    const older = { ...llama, rope_theta: 500_000, rope_scaling: { rope_type: 'llama3', ...factors } };
    const newer = { ...llama, rope_parameters: { rope_type: 'llama3', rope_theta: 500_000, ...factors } };
    const oldest = { ...llama, rope_theta: 500_000, rope_scaling: { type: 'linear', factor: 2 } };
    expect(rotaryOf(older)).toEqual(rotaryOf(newer));
    expect(rotaryOf(oldest)).toEqual([{ dim: 8, theta: 500_000, scaling: { kind: 'linear', factor: 2 } }]);
  });

  it('reads the first context of dynamic scaling off max_position_embeddings, as transformers does', () => {
    const scaling = { rope_type: 'dynamic', factor: 2, original_max_position_embeddings: 16 };
    expect(rotaryOf({ ...llama, rope_scaling: scaling })).toEqual([
      { dim: 8, theta: 10_000, scaling: { kind: 'dynamic', factor: 2, originalPositions: 64 } },
    ]);
  });

  describe('describes each layer', () => {
    const six = { ...llama, num_hidden_layers: 6, sliding_window: 5 };
    const plain = { kind: 'none' };
    const thetas = (source: object) => rotaryOf(source).map((rotary) => rotary?.theta ?? null);

    it('of Gemma 3 as first published: one base for local layers, a scaled one for every sixth', () => {
      const gemma = { ...six, model_type: 'gemma3_text', rope_local_base_freq: 20_000 };
      const scaled = { ...gemma, rope_theta: 900_000, rope_scaling: { rope_type: 'linear', factor: 8 } };
      expect(windowsOf(gemma)).toEqual([5, 5, 5, 5, 5, null]);
      expect(windowsOf({ ...gemma, sliding_window_pattern: 2 })).toEqual([5, null, 5, null, 5, null]);
      expect(thetas(gemma)).toEqual([20_000, 20_000, 20_000, 20_000, 20_000, 1_000_000]);
      expect(rotaryOf(scaled).slice(4)).toEqual([
        { dim: 256, theta: 20_000, scaling: plain },
        { dim: 256, theta: 900_000, scaling: { kind: 'linear', factor: 8 } },
      ]);
      const { architecture, tiedHead } = readModelConfig(gemma);
      expect([tiedHead, architecture.attention.scale, architecture.multipliers.embedding]).toEqual([
        true,
        1 / 16,
        Math.sqrt(32),
      ]);
    });

    it('of OLMo 3: three of four layers slide, and YaRN is the others’ alone', () => {
      const yarn = { rope_type: 'yarn', factor: 8, original_max_position_embeddings: 16, attention_factor: 1.2 };
      const olmo = { ...six, model_type: 'olmo3', rope_theta: 500_000, rope_scaling: yarn };
      expect(windowsOf(olmo)).toEqual([5, 5, 5, null, 5, 5]);
      expect(rotaryOf(olmo).map((rotary) => rotary?.scaling.kind)).toEqual([
        'none',
        'none',
        'none',
        'yarn',
        'none',
        'none',
      ]);
    });

    it('of SmolLM3: every fourth without a rotation, or the ones that are listed', () => {
      const smol = { ...six, model_type: 'smollm3' };
      expect(thetas(smol)).toEqual([2e6, 2e6, 2e6, null, 2e6, 2e6]);
      expect(thetas({ ...smol, no_rope_layers: [1, 0, 1, 0, 1, 1] })).toEqual([2e6, null, 2e6, null, 2e6, 2e6]);
      expect(windowsOf(smol)).toEqual(new Array(6).fill(null));
      expect(windowsOf({ ...smol, use_sliding_window: true })).toEqual([null, null, null, 5, null, null]);
    });

    it('of Qwen: a window where one is in use, from a layer on or on the ones that are listed', () => {
      const qwen = { ...six, model_type: 'qwen2', max_window_layers: 4 };
      const types = ['sliding_attention', ...new Array<string>(5).fill('full_attention')];
      expect(windowsOf(qwen)).toEqual(new Array(6).fill(null));
      expect(windowsOf({ ...qwen, use_sliding_window: true })).toEqual([null, null, null, null, 5, 5]);
      expect(windowsOf({ ...qwen, use_sliding_window: true, max_window_layers: 0 })).toEqual(new Array(6).fill(5));
      expect(windowsOf({ ...qwen, use_sliding_window: true, layer_types: types })).toEqual([
        5,
        null,
        null,
        null,
        null,
        null,
      ]);
    });

    it('of Gemma 2: every other layer slides, and the caps of its scores and logits are the usual ones or none', () => {
      const gemma = { ...six, model_type: 'gemma2' };
      const capsOf = (source: object) => {
        const { attention, logitCap } = readModelConfig(source).architecture;
        return [attention.softCap, logitCap];
      };
      expect(windowsOf(gemma)).toEqual([5, null, 5, null, 5, null]);
      expect(capsOf(gemma)).toEqual([50, 30]);
      expect(capsOf({ ...gemma, attn_logit_softcapping: null, final_logit_softcapping: 7 })).toEqual([undefined, 7]);
      expect(capsOf({ ...gemma, model_type: 'gemma3_text' })).toEqual([undefined, undefined]);
      expect(capsOf({ ...gemma, model_type: 'gemma3_text', final_logit_softcapping: 9 })).toEqual([undefined, 9]);
      expect(() => capsOf({ ...gemma, final_logit_softcapping: 0 })).toThrow(/must be a number above 0; found 0/);
    });

    it('of GPT-Neo: a window where a layer is local, in either of its spellings', () => {
      const neo = { ...gptNeo, num_layers: 3, window_size: 5 };
      expect(windowsOf({ ...neo, attention_layers: ['local', 'global', 'local'] })).toEqual([5, null, 5]);
      const types = [
        [['global', 'local'], 1],
        [['local'], 1],
      ];
      expect(windowsOf({ ...neo, attention_types: types })).toEqual([null, 5, 5]);
      expect(() => windowsOf(neo)).toThrow(/24 types of attention for 3 layers/);
      for (const wrong of [{}, [['global', 1]], [[['global'], 1e9]], [[['global'], -1]]])
        expect(() => windowsOf({ ...neo, attention_types: wrong })).toThrow(/attention_types must be a list of pairs/);
    });

    it('of Phi-3 under any name that LongRoPE has gone by, with the first context that stands outside it', () => {
      const phi = { ...llama, model_type: 'phi3', original_max_position_embeddings: 16, partial_rotary_factor: 0.5 };
      const factors = { short_factor: [1, 1.1], long_factor: [2, 3] };
      const scalings = ['longrope', 'su', 'yarn'].map((type) =>
        rotaryOf({ ...phi, rope_scaling: { type, ...factors } }),
      );
      const attentionFactor = Math.sqrt(1 + Math.log(4) / Math.log(16));
      for (const scaling of scalings) {
        expect(scaling).toEqual([
          {
            dim: 4,
            theta: 10_000,
            scaling: {
              kind: 'longrope',
              shortFactors: [1, 1.1],
              longFactors: [2, 3],
              originalPositions: 16,
              attentionFactor,
            },
          },
        ]);
      }
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
      'one with as many experts as layers',
      { ...llama, model_type: 'qwen3_moe', num_experts: 64 },
      'num_experts',
      /experts/,
    ],
    ['a vision tower', { ...llama, model_type: 'gemma3', vision_config: {} }, 'vision_config', /multimodal/],
    ['a language model inside another', { model_type: 'llava', text_config: llama }, 'text_config', /multimodal/],
    [
      'convolutions in place of attention',
      { ...llama, model_type: 'lfm2', conv_L_cache: 3 },
      'conv_L_cache',
      /hybrids/,
    ],
    [
      'linear attention on some layers',
      { ...llama, layer_types: ['linear_attention'] },
      'layer_types',
      /layers of type “linear_attention”/,
    ],
    ['an encoder', { ...llama, model_type: 't5', is_encoder_decoder: true }, 'is_encoder_decoder', /encoder/],
    [
      'code of the repository',
      { ...llama, model_type: 'own', auto_map: { AutoModelForCausalLM: 'own.Own' } },
      'model_type',
      /code from a model’s own repository is not run/,
    ],
    [
      'attention that looks ahead',
      { ...llama, model_type: 'gemma3_text', use_bidirectional_attention: true },
      'use_bidirectional_attention',
      /looks ahead/,
    ],
    ['attention that looks ahead by another name', { ...llama, is_causal: false }, 'is_causal', /looks ahead/],
    ['soft-capped scores elsewhere', { ...llama, attn_logit_softcapping: 50 }, 'attn_logit_softcapping', /scores/],
    [
      'soft-capped scores of Gemma 3, which transformers leaves as they are',
      { ...llama, model_type: 'gemma3_text', attn_logit_softcapping: 50 },
      'attn_logit_softcapping',
      /scores/,
    ],
    ['soft-capped logits elsewhere', { ...llama, final_logit_softcapping: 30 }, 'final_logit_softcapping', /logits/],
    ['settings of one layer', { ...llama, per_layer_config: { 0: { rms_norm_eps: 1 } } }, 'per_layer_config', /single/],
    ['norms of one head', { ...llama, model_type: 'stablelm', qk_layernorm: true }, 'qk_layernorm', /layer norms/],
    ['OPT with norms behind', { ...opt, do_layer_norm_before: false }, 'do_layer_norm_before', /after each half/],
    ['OPT with a narrow embedding', { ...opt, word_embed_proj_dim: 16 }, 'word_embed_proj_dim', /another width/],
    ['OPT with bare norms', { ...opt, layer_norm_elementwise_affine: false }, 'layer_norm_elementwise_affine', /norm/],
    ['OPT without its last norm', { ...opt, _remove_final_layer_norm: true }, '_remove_final_layer_norm', /at its end/],
    ['GPT-Neo with other layers', { ...gptNeo, attention_layers: ['axial'] }, 'attention_layers', /“axial”/],
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
      'ministral',
      'qwen2',
      'qwen3',
      'gemma',
      'gemma2',
      'gemma3_text',
      'olmo2',
      'olmo3',
      'smollm3',
      'granite',
      'phi3',
      'gpt2',
      'gpt_neox',
      'gpt_neo',
      'opt',
      'starcoder2',
      'stablelm',
    ]);
  });
});

describe('what versions of transformers read differently is refused with what to write in its place', () => {
  const byType = (settings: object) => ({ full_attention: settings, sliding_attention: { rope_type: 'default' } });
  const yarn = { rope_type: 'yarn', factor: 4, truncate: false };
  const sliding = { ...llama, sliding_window: 5 };
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['a share of a head', { ...llama, partial_rotary_factor: 0.5 }, 'partial_rotary_factor', /Remove partial_rotary/],
    [
      'a share of a head among the rotary settings',
      { ...llama, model_type: 'qwen3', rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.5 } },
      'rope_parameters.partial_rotary_factor',
      /Remove rope_parameters\.partial_rotary_factor/,
    ],
    ['OLMo 3 of another base', { ...sliding, model_type: 'olmo3', rope_theta: 700 }, 'rope_theta', /rope_parameters/],
    [
      'YaRN without rounding for some layers',
      { ...sliding, model_type: 'olmo3', rope_parameters: byType(yarn) },
      'rope_parameters.full_attention.truncate',
      /leave it out/,
    ],
    [
      'another scaling of Phi-3 than its own',
      { ...llama, model_type: 'phi3', rope_scaling: { type: 'linear', factor: 2 } },
      'rope_scaling.rope_type',
      /Supported are: default, longrope/,
    ],
    [
      'types of layers where a family has one rotation',
      { ...llama, model_type: 'qwen3', rope_parameters: byType({ rope_theta: 100 }) },
      'rope_parameters',
      /as one object/,
    ],
    [
      'one rotation where a family has types of layers',
      { ...sliding, model_type: 'gemma3_text', rope_parameters: { rope_type: 'default', rope_theta: 100 } },
      'rope_parameters',
      /one object each for full_attention and sliding_attention/,
    ],
    [
      'types of layers in the older field',
      { ...sliding, model_type: 'gemma3_text', rope_scaling: byType({ rope_theta: 100 }) },
      'rope_scaling',
      /no rope_scaling/,
    ],
    [
      'layers with a window of no length',
      { ...llama, model_type: 'qwen2', sliding_window: 5, layer_types: ['sliding_attention'] },
      'sliding_window',
      /use_sliding_window/,
    ],
  ];
  it.each(cases)('%s', (_, config, field, remedy) => {
    expect(() => readModelConfig(config)).toThrow(
      expect.objectContaining({ remedy: expect.stringMatching(remedy), place: { file: 'config.json', field } }),
    );
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
    [{ ...llama, hidden_size: 30 }, /a width of 30 does not divide into 4 heads/],
    [
      {
        ...llama,
        model_type: 'qwen2',
        layer_types: ['full_attention'],
        num_hidden_layers: 2,
        use_sliding_window: true,
      },
      /layer_types must be a list of 2/,
    ],
    [
      { ...llama, rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1, 1, 1, 1] } },
      /short_factor must hold 4 numbers, one a pair of rotated dimensions; found 1/,
    ],
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
