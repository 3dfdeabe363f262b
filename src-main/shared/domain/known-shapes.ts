/** Shapes that people ask about, as their config.json has them: nothing has to be downloaded to say what a run would take. */
const llama = { model_type: 'llama', hidden_act: 'silu', rms_norm_eps: 1e-5, bos_token_id: 1, eos_token_id: 2 };
const qwen2 = { ...llama, model_type: 'qwen2', rms_norm_eps: 1e-6, rope_theta: 1e6, vocab_size: 151_936 };
const qwen3 = { ...qwen2, model_type: 'qwen3', head_dim: 128, max_position_embeddings: 40_960 };

export const knownShapes = {
  '135M': {
    model: 'SmolLM2-135M',
    config: {
      ...llama,
      ...{ hidden_size: 576, num_hidden_layers: 30, num_attention_heads: 9, num_key_value_heads: 3 },
      ...{ intermediate_size: 1536, vocab_size: 49_152, max_position_embeddings: 8192, tie_word_embeddings: true },
    },
  },
  '0.5B': {
    model: 'Qwen2.5-0.5B',
    config: {
      ...qwen2,
      ...{ hidden_size: 896, num_hidden_layers: 24, num_attention_heads: 14, num_key_value_heads: 2 },
      ...{ intermediate_size: 4864, max_position_embeddings: 32_768, tie_word_embeddings: true },
    },
  },
  '1B': {
    model: 'Llama-3.2-1B',
    config: {
      ...llama,
      ...{ hidden_size: 2048, num_hidden_layers: 16, num_attention_heads: 32, num_key_value_heads: 8 },
      ...{ intermediate_size: 8192, vocab_size: 128_256, max_position_embeddings: 131_072 },
      ...{ rope_theta: 5e5, tie_word_embeddings: true },
    },
  },
  '1.7B': {
    model: 'Qwen3-1.7B',
    config: {
      ...qwen3,
      ...{ hidden_size: 2048, num_hidden_layers: 28, num_attention_heads: 16, num_key_value_heads: 8 },
      ...{ intermediate_size: 6144, tie_word_embeddings: true },
    },
  },
  '4B': {
    model: 'Qwen3-4B',
    config: {
      ...qwen3,
      ...{ hidden_size: 2560, num_hidden_layers: 36, num_attention_heads: 32, num_key_value_heads: 8 },
      ...{ intermediate_size: 9728, tie_word_embeddings: true },
    },
  },
  '8B': {
    model: 'Llama-3.1-8B',
    config: {
      ...llama,
      ...{ hidden_size: 4096, num_hidden_layers: 32, num_attention_heads: 32, num_key_value_heads: 8 },
      ...{ intermediate_size: 14_336, vocab_size: 128_256, max_position_embeddings: 131_072 },
      ...{ rope_theta: 5e5, tie_word_embeddings: false },
    },
  },
} as const satisfies Record<string, { model: string; config: Record<string, unknown> }>;
export type KnownShape = keyof typeof knownShapes;

export function isKnownShape(name: string): name is KnownShape {
  return Object.hasOwn(knownShapes, name);
}
