/** Shapes of known models as their config.json has them: weights do not matter for time and memory. */
const llama = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
  bos_token_id: 1,
  eos_token_id: 2,
};
const qwen = { ...llama, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2', rms_norm_eps: 1e-6 };

/** Name and config.json; `gpu` takes a GPU of 16 GB and more, `tiny` seconds on two processors. */
export const benchmarkShapes: Readonly<
  Record<'gpu' | 'tiny', readonly (readonly [string, Record<string, unknown>])[]>
> = {
  gpu: [
    [
      'stories15M’s shape',
      {
        ...llama,
        ...{ hidden_size: 288, num_hidden_layers: 6, num_attention_heads: 6, num_key_value_heads: 6 },
        ...{ intermediate_size: 768, vocab_size: 32_000, max_position_embeddings: 1024 },
      },
    ],
    [
      'Qwen2.5-0.5B’s shape',
      {
        ...qwen,
        ...{ hidden_size: 896, num_hidden_layers: 24, num_attention_heads: 14, num_key_value_heads: 2 },
        ...{ intermediate_size: 4864, vocab_size: 151_936, max_position_embeddings: 32_768, rope_theta: 1e6 },
      },
    ],
    [
      'Llama-3.2-1B’s shape',
      {
        ...llama,
        ...{ hidden_size: 2048, num_hidden_layers: 16, num_attention_heads: 32, num_key_value_heads: 8 },
        ...{ intermediate_size: 8192, vocab_size: 128_256, max_position_embeddings: 131_072, rope_theta: 5e5 },
      },
    ],
  ],
  tiny: [
    [
      'stories260K’s shape',
      {
        ...llama,
        ...{ hidden_size: 64, num_hidden_layers: 5, num_attention_heads: 8, num_key_value_heads: 4 },
        ...{ intermediate_size: 172, vocab_size: 512, max_position_embeddings: 512 },
      },
    ],
    [
      'a tiny Qwen2.5',
      {
        ...qwen,
        ...{ hidden_size: 112, num_hidden_layers: 4, num_attention_heads: 7, num_key_value_heads: 1 },
        ...{ intermediate_size: 608, vocab_size: 4096, max_position_embeddings: 512, rope_theta: 1e6 },
      },
    ],
    [
      'a tiny Llama 3.2',
      {
        ...llama,
        ...{ hidden_size: 128, num_hidden_layers: 4, num_attention_heads: 8, num_key_value_heads: 2 },
        ...{ intermediate_size: 512, vocab_size: 4096, max_position_embeddings: 512, rope_theta: 5e5 },
      },
    ],
  ],
};
