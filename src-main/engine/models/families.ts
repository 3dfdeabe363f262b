import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Activation, Architecture, WeightNames } from './architecture.ts';
import type { ModelConfig } from './causal-lm.ts';
import { ConfigFields } from './config-fields.ts';
import { readRotary } from './rotary-config.ts';

/**
 * The supported families: what each one's config.json means for the one decoder. `decoder.ts` knows none of these names.
 */
interface Family {
  modelType: string;
  /** For messages. */
  covers: string;
  read(fields: ConfigFields): Omit<ModelConfig, 'family' | 'source' | 'bosTokenId' | 'eosTokenIds' | 'padTokenId'>;
}

const llamaNames: WeightNames = {
  embedding: 'model.embed_tokens',
  finalNorm: 'model.norm',
  head: 'lm_head',
  block: 'model.layers',
  attentionNorm: 'input_layernorm',
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOut: 'self_attn.o_proj',
  feedForwardNorm: 'post_attention_layernorm',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
};

const gpt2Names: WeightNames = {
  embedding: 'transformer.wte',
  positionEmbedding: 'transformer.wpe',
  finalNorm: 'transformer.ln_f',
  head: 'lm_head',
  block: 'transformer.h',
  attentionNorm: 'ln_1',
  queryKeyValue: 'attn.c_attn',
  attentionOut: 'attn.c_proj',
  feedForwardNorm: 'ln_2',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
};

const neoxNames: WeightNames = {
  embedding: 'gpt_neox.embed_in',
  finalNorm: 'gpt_neox.final_layer_norm',
  head: 'embed_out',
  block: 'gpt_neox.layers',
  attentionNorm: 'input_layernorm',
  queryKeyValue: 'attention.query_key_value',
  attentionOut: 'attention.dense',
  feedForwardNorm: 'post_attention_layernorm',
  up: 'mlp.dense_h_to_4h',
  down: 'mlp.dense_4h_to_h',
};

/** Llama and its relatives: RMS norm, rotary positions, gated feed-forward; they differ in biases, head norms and windows. */
function llamaLike(
  fields: ConfigFields,
  differences: Partial<Pick<Architecture, 'bias'>> & Partial<Architecture['attention']>,
) {
  const dim = fields.count('hidden_size');
  const heads = fields.count('num_attention_heads');
  const headDim = fields.count('head_dim', Math.floor(dim / heads));
  const maxPositions = fields.count('max_position_embeddings');
  const { bias, ...attention } = differences;
  const architecture: Architecture = {
    norm: { kind: 'rms', epsilon: fields.number('rms_norm_eps', 1e-6) },
    positions: { kind: 'rotary', rotary: readRotary(fields, { headDim, maxPositions }) },
    attention: { projection: 'separate', qkNorm: false, window: null, ...attention },
    feedForward: { kind: 'gated', activation: activationOf(fields, 'hidden_act', 'silu') },
    residual: 'sequential',
    bias: bias ?? { qkv: false, attentionOut: false, feedForward: false },
    linearLayout: 'out-in',
    head: headOf(fields),
    names: attention.qkNorm
      ? { ...llamaNames, queryNorm: 'self_attn.q_norm', keyNorm: 'self_attn.k_norm' }
      : llamaNames,
  };
  return {
    ...{ dim, heads, headDim, maxPositions, architecture },
    vocabSize: fields.count('vocab_size'),
    layers: fields.count('num_hidden_layers'),
    kvHeads: fields.count('num_key_value_heads', heads),
    ffnDim: fields.count('intermediate_size'),
    tiedHead: fields.flag('tie_word_embeddings', false),
  };
}

const families: readonly Family[] = [
  {
    modelType: 'llama',
    covers: 'Llama 1 to 3, TinyLlama, SmolLM2',
    read: (fields) => {
      const attention = fields.flag('attention_bias', false);
      const feedForward = fields.flag('mlp_bias', false);
      return llamaLike(fields, { bias: { qkv: attention, attentionOut: attention, feedForward } });
    },
  },
  {
    modelType: 'mistral',
    covers: 'Mistral',
    read: (fields) => llamaLike(fields, { window: fields.optionalCount('sliding_window') }),
  },
  {
    modelType: 'qwen2',
    covers: 'Qwen2 and Qwen2.5',
    read: (fields) => llamaLike(fields, { bias: { qkv: true, attentionOut: false, feedForward: false } }),
  },
  {
    modelType: 'qwen3',
    covers: 'Qwen3',
    read: (fields) => {
      const attention = fields.flag('attention_bias', false);
      return llamaLike(fields, { qkNorm: true, bias: { qkv: attention, attentionOut: attention, feedForward: false } });
    },
  },
  {
    modelType: 'gpt2',
    covers: 'GPT-2',
    read: (fields) => {
      const dim = fields.count('n_embd');
      const heads = fields.count('n_head');
      return {
        dim,
        heads,
        kvHeads: heads,
        headDim: Math.floor(dim / heads),
        layers: fields.count('n_layer'),
        vocabSize: fields.count('vocab_size'),
        ffnDim: fields.optionalCount('n_inner') ?? 4 * dim,
        maxPositions: fields.count('n_positions'),
        tiedHead: fields.flag('tie_word_embeddings', true),
        architecture: {
          norm: { kind: 'layer', epsilon: fields.number('layer_norm_epsilon', 1e-5) },
          positions: { kind: 'learned' },
          attention: { projection: 'fused-thirds', qkNorm: false, window: null },
          feedForward: { kind: 'plain', activation: activationOf(fields, 'activation_function', 'gelu_new') },
          residual: 'sequential',
          bias: { qkv: true, attentionOut: true, feedForward: true },
          linearLayout: 'in-out',
          head: headOf(fields),
          names: gpt2Names,
        },
      };
    },
  },
  {
    modelType: 'gpt_neox',
    covers: 'GPT-NeoX, Pythia',
    read: (fields) => {
      const dim = fields.count('hidden_size');
      const heads = fields.count('num_attention_heads');
      const headDim = Math.floor(dim / heads);
      const maxPositions = fields.count('max_position_embeddings');
      const attention = fields.flag('attention_bias', true);
      return {
        ...{ dim, heads, kvHeads: heads, headDim, maxPositions },
        layers: fields.count('num_hidden_layers'),
        vocabSize: fields.count('vocab_size'),
        ffnDim: fields.count('intermediate_size'),
        tiedHead: fields.flag('tie_word_embeddings', false),
        architecture: {
          norm: { kind: 'layer', epsilon: fields.number('layer_norm_eps', 1e-5) },
          positions: { kind: 'rotary', rotary: readRotary(fields, { headDim, maxPositions, partial: 0.25 }) },
          attention: { projection: 'fused-by-head', qkNorm: false, window: null },
          feedForward: { kind: 'plain', activation: activationOf(fields, 'hidden_act', 'gelu') },
          residual: fields.flag('use_parallel_residual', true) ? 'parallel' : 'sequential',
          bias: { qkv: attention, attentionOut: attention, feedForward: true },
          linearLayout: 'out-in',
          head: headOf(fields),
          names: neoxNames,
        },
      };
    },
  },
];

/** What the workbench loads, for messages and documentation. */
export const supportedFamilies: readonly string[] = families.map((family) => `${family.modelType} (${family.covers})`);

/** config.json → what the decoder needs. Refuses by name, before any weight is read, what it would compute wrongly. */
export function readModelConfig(source: unknown, file = 'config.json'): ModelConfig {
  const fields = new ConfigFields(source, file);
  const modelType = fields.text('model_type');
  const family = families.find((known) => known.modelType === modelType);
  if (family === undefined) throw unsupported(file, 'model_type', `models of type “${modelType}” are not supported`);
  refuseVariants(fields);
  const config: ModelConfig = {
    family: modelType,
    ...family.read(fields),
    bosTokenId: fields.tokenIds('bos_token_id')[0] ?? null,
    eosTokenIds: fields.tokenIds('eos_token_id'),
    padTokenId: fields.tokenIds('pad_token_id')[0] ?? null,
    source: fields.source,
  };
  checkSizes(config, file);
  return config;
}

function refuseVariants(fields: ConfigFields): void {
  const refuse = (field: string, what: string) => {
    throw unsupported(fields.file, field, what);
  };
  if (fields.has('quantization_config')) refuse('quantization_config', 'quantised weights are not supported');
  for (const experts of ['num_local_experts', 'num_experts', 'n_routed_experts']) {
    if (fields.has(experts)) refuse(experts, 'mixtures of experts are not supported');
  }
  if (fields.flag('use_sliding_window', false))
    refuse('use_sliding_window', 'sliding windows on some layers only are not supported');
  if (fields.flag('scale_attn_by_inverse_layer_idx', false)) {
    refuse('scale_attn_by_inverse_layer_idx', 'attention scaled by the layer’s index is not supported');
  }
  if (!fields.flag('scale_attn_weights', true)) refuse('scale_attn_weights', 'unscaled attention is not supported');
  if (fields.flag('add_cross_attention', false)) refuse('add_cross_attention', 'cross-attention is not supported');
}

function headOf(fields: ConfigFields): Architecture['head'] {
  const [architecture] = fields.texts('architectures');
  if (architecture === undefined || /(ForCausalLM|LMHeadModel)$/.test(architecture)) return { kind: 'language-model' };
  if (architecture.endsWith('ForSequenceClassification')) {
    return { kind: 'classifier', labels: fields.labelCount() };
  }
  throw unsupported(fields.file, 'architectures', `the architecture “${architecture}” is not supported`);
}

const activations: Readonly<Record<string, Activation>> = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
};

function activationOf(fields: ConfigFields, field: string, usual: string): Activation {
  const name = fields.text(field, usual);
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation === undefined) throw unsupported(fields.file, field, `the activation “${name}” is not supported`);
  return activation;
}

function checkSizes(config: ModelConfig, file: string): void {
  const bad = (field: string, message: string) =>
    new WorkbenchError('bad-input', `${file}: ${message}`, { place: { file, field } });
  const { heads, kvHeads, dim, headDim, architecture } = config;
  if (heads % kvHeads !== 0)
    throw bad('num_key_value_heads', `${heads} heads cannot share ${kvHeads} key/value heads evenly`);
  if (architecture.attention.projection !== 'separate' && headDim * heads !== dim) {
    throw bad('num_attention_heads', `a width of ${dim} does not divide into ${heads} heads`);
  }
  if (architecture.positions.kind === 'rotary' && architecture.positions.rotary.dim % 2 !== 0) {
    throw bad(
      'head_dim',
      `rotary positions need an even number of dimensions, not ${architecture.positions.rotary.dim}`,
    );
  }
}

function unsupported(file: string, field: string, what: string): WorkbenchError {
  return new WorkbenchError('unsupported', `${file}: ${what}`, {
    remedy: `Supported are: ${supportedFamilies.join('; ')}.`,
    place: { file, field },
  });
}
