import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FolderWriter } from '../ports.ts';
import { sentencePieceBpe } from '../tokenizer/sentencepiece-bpe.ts';
import { readLlama2cPieces } from '../tokenizer/llama2c-vocabulary.ts';
import { type NamedFloats, safetensorsBytes } from './safetensors.ts';

/**
 * llama2.c's checkpoint (version 0): seven int32 (dim, hidden, layers, heads, kv heads, vocabulary, time; a negative
 * vocabulary means an output matrix of its own), then float32 tensors, one kind after the other over all layers.
 */
export interface Llama2cHeader {
  dim: number;
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  vocab: number;
  time: number;
  tied: boolean;
}

const headerBytes = 28;

export function readLlama2cHeader(bytes: Uint8Array): Llama2cHeader {
  if (bytes.byteLength < headerBytes) throw notLlama2c('it is shorter than a header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const [dim, hidden, layers, heads, kvHeads, vocab, time] = Array.from({ length: 7 }, (_, i) =>
    view.getInt32(4 * i, true),
  ) as [number, number, number, number, number, number, number];
  const sizes = [dim, hidden, layers, heads, kvHeads, Math.abs(vocab), time];
  if (sizes.some((size) => size <= 0 || size > 2 ** 24) || dim % heads !== 0 || heads % kvHeads !== 0) {
    throw notLlama2c('its header holds impossible sizes');
  }
  return { dim, hidden, layers, heads, kvHeads, vocab: Math.abs(vocab), time, tied: vocab > 0 };
}

/**
 * Writes llama2.c weights and their tokenizer.bin as a Hugging Face folder that transformers loads too. Query and key rows
 * are reordered: llama2.c rotates neighbouring pairs (2i, 2i+1), Hugging Face's Llama rotates the halves (i, i + headDim/2).
 */
export async function convertLlama2c(weights: Uint8Array, tokenizer: Uint8Array, writer: FolderWriter): Promise<void> {
  const header = readLlama2cHeader(weights);
  const tensors = readTensors(weights, header);
  const pieces = readLlama2cPieces(tokenizer, header.vocab);
  await writer.writeText('config.json', pretty(configOf(header)));
  await writer.writeText('generation_config.json', pretty(generationConfig));
  await writer.writeText('tokenizer.json', JSON.stringify(sentencePieceBpe(pieces)));
  await writer.writeText('tokenizer_config.json', pretty(tokenizerConfig));
  await writer.writeBytes('model.safetensors', safetensorsBytes(tensors));
}

/** These models were trained on stories concatenated with BOS between them: a second BOS is how they mark the end of a text. */
const generationConfig = { bos_token_id: 1, eos_token_id: [1, 2] };

const tokenizerConfig = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  bos_token: '<s>',
  eos_token: '</s>',
  unk_token: '<unk>',
  clean_up_tokenization_spaces: false,
};

function configOf(header: Llama2cHeader): Record<string, unknown> {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    attention_bias: false,
    bos_token_id: 1,
    eos_token_id: 2,
    hidden_act: 'silu',
    hidden_size: header.dim,
    intermediate_size: header.hidden,
    max_position_embeddings: header.time,
    mlp_bias: false,
    num_attention_heads: header.heads,
    num_hidden_layers: header.layers,
    num_key_value_heads: header.kvHeads,
    rms_norm_eps: 1e-5,
    rope_theta: 10000.0,
    tie_word_embeddings: header.tied,
    torch_dtype: 'float32',
    vocab_size: header.vocab,
  };
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function readTensors(bytes: Uint8Array, header: Llama2cHeader): NamedFloats[] {
  const { dim, hidden, layers, heads, kvHeads, vocab, time } = header;
  const headDim = dim / heads;
  const keys = kvHeads * headDim;
  let offset = headerBytes;
  const take = (shape: readonly number[]): Float32Array => {
    const byteLength = shape.reduce((product, size) => product * size, 4);
    if (offset + byteLength > bytes.byteLength) throw notLlama2c('it ends inside its weights');
    const slice = bytes.slice(offset, offset + byteLength);
    offset += byteLength;
    return new Float32Array(slice.buffer);
  };
  const tensors: NamedFloats[] = [];
  const add = (name: string, shape: number[], data = take(shape)) => tensors.push({ name, shape, data: () => data });
  const perLayer = (module: string, shape: number[], arrange = (data: Float32Array) => data) => {
    for (let layer = 0; layer < layers; layer++) {
      add(`model.layers.${layer}.${module}.weight`, shape, arrange(take(shape)));
    }
  };
  add('model.embed_tokens.weight', [vocab, dim]);
  perLayer('input_layernorm', [dim]);
  perLayer('self_attn.q_proj', [dim, dim], (data) => halvesFromPairs(data, heads, headDim, dim));
  perLayer('self_attn.k_proj', [keys, dim], (data) => halvesFromPairs(data, kvHeads, headDim, dim));
  perLayer('self_attn.v_proj', [keys, dim]);
  perLayer('self_attn.o_proj', [dim, dim]);
  perLayer('post_attention_layernorm', [dim]);
  perLayer('mlp.gate_proj', [hidden, dim]);
  perLayer('mlp.down_proj', [dim, hidden]);
  perLayer('mlp.up_proj', [hidden, dim]);
  add('model.norm.weight', [dim]);
  // Rotary cosines and sines, which are computed, not stored, elsewhere.
  take([time, headDim]);
  if (!header.tied) add('lm_head.weight', [vocab, dim]);
  if (offset !== bytes.byteLength) throw notLlama2c(`${bytes.byteLength - offset} bytes are left over`);
  return tensors;
}

/** Rows of each head from (2i, 2i+1) neighbours to the halves (i, i + headDim/2). */
function halvesFromPairs(rows: Float32Array, heads: number, headDim: number, width: number): Float32Array {
  const ordered = new Float32Array(rows.length);
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < headDim; row++) {
      const from = head * headDim + row;
      const to = head * headDim + (row % 2) * (headDim / 2) + Math.floor(row / 2);
      ordered.set(rows.subarray(from * width, (from + 1) * width), to * width);
    }
  }
  return ordered;
}

function notLlama2c(why: string): WorkbenchError {
  return new WorkbenchError('corrupt', `this is not a llama2.c checkpoint: ${why}`, {
    remedy: 'Files of version 0 are read, as export.py of llama2.c writes with --version 0.',
  });
}
