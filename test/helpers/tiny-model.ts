import { copyFileSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs-core';
import { newVariable } from '../../src-main/engine/checkpoint/load-model.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { createDecoder } from '../../src-main/engine/models/decoder.ts';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../src-main/engine/models/parameters.ts';
import { safetensorsBytes } from '../../src-main/engine/checkpoint/safetensors.ts';

export interface TinyLlama {
  vocab: number;
  dim: number;
  layers: number;
  heads: number;
  kvHeads: number;
  seed: number;
}

/** A Llama with random weights and no files: normal with deviation 0.08, norms at 1. */
export function makeTinyLlama(shape: TinyLlama): CausalLm {
  const config = readModelConfig(configOf(shape));
  const parameters = new Map<string, tf.Variable>();
  for (const { name, shape: dims, data } of randomWeights(shape)) parameters.set(name, newVariable(data, dims));
  return createDecoder(config, parameters);
}

/**
 * Writes a toy as a model folder: two layers of random weights with the quick model's tokenizer. A software GPU trains it in seconds.
 */
export async function writeToyFolder(folder: string): Promise<string> {
  const shape = { vocab: 768, dim: 16, layers: 2, heads: 2, kvHeads: 1, seed: 1 };
  const tokenizer = path.resolve(import.meta.dirname, '../../resources/quick-model');
  mkdirSync(folder, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(path.join(tokenizer, file), path.join(folder, file));
  await writeFile(
    path.join(folder, 'config.json'),
    JSON.stringify({ ...configOf(shape), bos_token_id: 0, eos_token_id: 1 }),
  );
  await writeFile(
    path.join(folder, 'model.safetensors'),
    safetensorsBytes(randomWeights(shape).map(({ data, ...tensor }) => ({ ...tensor, data: () => data }))),
  );
  return folder;
}

function configOf({ vocab, dim, layers, heads, kvHeads }: TinyLlama) {
  return {
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
  };
}

function randomWeights(tiny: TinyLlama): { name: string; shape: number[]; data: Float32Array }[] {
  const next = uniformStream(tiny.seed);
  return [...expectedShapes(readModelConfig(configOf(tiny)))].map(([name, shape]) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return { name, shape, data: name.includes('norm') ? new Float32Array(size).fill(1) : normals(size, next) };
  });
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
