/** A Llama-architecture model with random weights, as a Hugging Face folder: where training begins. */
import { readFileSync } from 'node:fs';
import { safetensorsBytes } from '../../src-main/engine/checkpoint/safetensors.ts';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../src-main/engine/models/parameters.ts';
import { createRandom } from '../../src-main/engine/random.ts';
import { createFolder } from '../../src-main/trainer/node-folders.ts';

/** Chosen so that the weights are just below 2 MB as 32-bit floats. */
const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 768,
  hidden_size: 96,
  intermediate_size: 256,
  num_hidden_layers: 4,
  num_attention_heads: 6,
  num_key_value_heads: 3,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  bos_token_id: 0,
  eos_token_id: 1,
};
export const vocabSize = config.vocab_size;

const tokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: '<s>',
  eos_token: '</s>',
  clean_up_tokenization_spaces: false,
  model_max_length: config.max_position_embeddings,
};

const standardDeviation = 0.05;

export async function writeInitialModel(folder: string, tokenizerPath: string, seed: number): Promise<void> {
  const writer = await createFolder(folder);
  await writer.writeText('config.json', `${JSON.stringify(config, null, 2)}\n`);
  await writer.writeText('tokenizer_config.json', `${JSON.stringify(tokenizerConfig, null, 2)}\n`);
  await writer.writeText('tokenizer.json', readFileSync(tokenizerPath, 'utf8'));
  const tensors = [...expectedShapes(readModelConfig(config))].map(([name, shape]) => ({
    name,
    shape,
    data: () => initialWeights(name, shape, seed),
  }));
  await writer.writeBytes('model.safetensors', safetensorsBytes(tensors));
  await writer.commit();
}

/** Norms begin at one, all else is drawn from a normal distribution; what ends a residual branch starts smaller (GPT-2). */
function initialWeights(name: string, shape: readonly number[], seed: number): Float32Array {
  const size = shape.reduce((product, side) => product * side, 1);
  if (name.includes('norm')) return new Float32Array(size).fill(1);
  const random = createRandom(seed, name);
  const endsBranch = /o_proj|down_proj/.test(name);
  const scale = standardDeviation / (endsBranch ? Math.sqrt(2 * config.num_hidden_layers) : 1);
  return Float32Array.from({ length: size }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
    return scale * radius * Math.cos(2 * Math.PI * random.next());
  });
}
