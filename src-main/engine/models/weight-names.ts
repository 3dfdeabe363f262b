import type { WeightNames } from './architecture.ts';

/** What Llama and its relatives call their modules; the norms are named below. */
const llamaModules = {
  embedding: 'model.embed_tokens',
  finalNorm: 'model.norm',
  head: 'lm_head',
  block: 'model.layers',
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOut: 'self_attn.o_proj',
  gate: 'mlp.gate_proj',
  up: 'mlp.up_proj',
  down: 'mlp.down_proj',
} as const;
const headNorms = { queryNorm: 'self_attn.q_norm', keyNorm: 'self_attn.k_norm' };
const normsBefore = { attentionNorm: 'input_layernorm', feedForwardNorm: 'post_attention_layernorm' };

const { gate: _, ...withoutGate } = llamaModules;

export const llamaNames: WeightNames = { ...llamaModules, ...normsBefore };
export const qwen3Names: WeightNames = { ...llamaModules, ...normsBefore, ...headNorms };

/** No gate. */
export const starcoder2Names: WeightNames = {
  ...withoutGate,
  ...normsBefore,
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
};

/** Norms of what each half returns, none of what it reads. */
export const olmoNames: WeightNames = {
  ...llamaModules,
  ...headNorms,
  attentionOutNorm: 'post_attention_layernorm',
  feedForwardOutNorm: 'post_feedforward_layernorm',
};

/** Norms on both sides of each half. */
export const gemma2Names: WeightNames = {
  ...llamaModules,
  attentionNorm: 'input_layernorm',
  attentionOutNorm: 'post_attention_layernorm',
  feedForwardNorm: 'pre_feedforward_layernorm',
  feedForwardOutNorm: 'post_feedforward_layernorm',
};

export const gemma3Names: WeightNames = { ...gemma2Names, ...headNorms };

/** One linear for queries, keys and values, one for gate and up. */
export const phi3Names: WeightNames = {
  embedding: 'model.embed_tokens',
  finalNorm: 'model.norm',
  head: 'lm_head',
  block: 'model.layers',
  ...normsBefore,
  queryKeyValue: 'self_attn.qkv_proj',
  attentionOut: 'self_attn.o_proj',
  gateUp: 'mlp.gate_up_proj',
  down: 'mlp.down_proj',
};

export const gpt2Names: WeightNames = {
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

export const gptNeoNames: WeightNames = {
  embedding: 'transformer.wte',
  positionEmbedding: 'transformer.wpe',
  finalNorm: 'transformer.ln_f',
  head: 'lm_head',
  block: 'transformer.h',
  attentionNorm: 'ln_1',
  query: 'attn.attention.q_proj',
  key: 'attn.attention.k_proj',
  value: 'attn.attention.v_proj',
  attentionOut: 'attn.attention.out_proj',
  feedForwardNorm: 'ln_2',
  up: 'mlp.c_fc',
  down: 'mlp.c_proj',
};

export const optNames: WeightNames = {
  embedding: 'model.decoder.embed_tokens',
  positionEmbedding: 'model.decoder.embed_positions',
  finalNorm: 'model.decoder.final_layer_norm',
  head: 'lm_head',
  block: 'model.decoder.layers',
  attentionNorm: 'self_attn_layer_norm',
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOut: 'self_attn.out_proj',
  feedForwardNorm: 'final_layer_norm',
  up: 'fc1',
  down: 'fc2',
};

export const neoxNames: WeightNames = {
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
