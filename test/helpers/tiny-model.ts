import type * as tf from '@tensorflow/tfjs-core';
import { newVariable } from '../../src-main/engine/checkpoint/load-model.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { createDecoder } from '../../src-main/engine/models/decoder.ts';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../src-main/engine/models/parameters.ts';

export interface TinyLlama {
  vocab: number;
  dim: number;
  layers: number;
  heads: number;
  kvHeads: number;
  seed: number;
}

/** A Llama with random weights and no files: normal with deviation 0.08, norms at 1. */
export function makeTinyLlama({ vocab, dim, layers, heads, kvHeads, seed }: TinyLlama): CausalLm {
  const config = readModelConfig({
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: vocab,
    hidden_size: dim,
    intermediate_size: 2 * dim,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    num_key_value_heads: kvHeads,
    max_position_embeddings: 512,
    tie_word_embeddings: true,
    rms_norm_eps: 1e-5,
    bos_token_id: 1,
    eos_token_id: 2,
  });
  const next = uniformStream(seed);
  const parameters = new Map<string, tf.Variable>();
  for (const [name, shape] of expectedShapes(config)) {
    const size = shape.reduce((product, length) => product * length, 1);
    const data = name.includes('norm') ? new Float32Array(size).fill(1) : normals(size, next);
    parameters.set(name, newVariable(data, shape));
  }
  return createDecoder(config, parameters);
}

function normals(count: number, next: () => number): Float32Array {
  return Float32Array.from(
    { length: count },
    () => 0.08 * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** mulberry32: small, seeded, good enough for weights of tests. */
function uniformStream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
