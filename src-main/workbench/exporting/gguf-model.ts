import type { ModelConfig } from '../../engine/models/causal-lm.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { GgufValue } from './gguf-file.ts';

/** What llama.cpp calls a family, and where its own rules for it differ from what a config.json may say. */
interface GgufFamily {
  architecture: string;
  /** Rotates pairs of neighbours, so that rows of queries and keys are interleaved for it. */
  interleaved: boolean;
}

const families: Readonly<Record<string, GgufFamily>> = {
  llama: { architecture: 'llama', interleaved: true },
  mistral: { architecture: 'llama', interleaved: true },
  smollm3: { architecture: 'smollm3', interleaved: true },
  granite: { architecture: 'granite', interleaved: true },
  qwen2: { architecture: 'qwen2', interleaved: false },
  qwen3: { architecture: 'qwen3', interleaved: false },
  olmo2: { architecture: 'olmo2', interleaved: false },
  gemma3_text: { architecture: 'gemma3', interleaved: false },
};
export const ggufFamilies: readonly string[] = Object.keys(families);

export function ggufFamily(config: ModelConfig): GgufFamily {
  const family = families[config.family];
  const unlike = family === undefined ? `models of type “${config.family}”` : unlikeLlamaCpp(config);
  if (family !== undefined && unlike === null) return family;
  throw new WorkbenchError('unsupported', `GGUF export: ${unlike} are not supported.`, {
    remedy: `Export as safetensors. GGUF is written for: ${ggufFamilies.join(', ')}.`,
  });
}

/** What llama.cpp computes by rules of its own, where this model has others. */
function unlikeLlamaCpp({ family, headDim, architecture }: ModelConfig): string | null {
  const { attention, layers: kinds, head } = architecture;
  const scaling = kinds.find(({ rotary }) => rotary !== null)?.rotary?.scaling.kind ?? 'none';
  if (head.kind !== 'language-model') return 'reward models and classifiers';
  if (scaling === 'dynamic' || scaling === 'longrope') return `models with rotary scaling of type “${scaling}”`;
  switch (family) {
    case 'gemma3_text': {
      const usual = kinds.every(
        ({ window, rotary }, i) =>
          (window === null) === ((i + 1) % 6 === 0) && (window === null || rotary?.theta === 10_000),
      );
      if (!usual || Math.abs(attention.scale - headDim ** -0.5) > 1e-9)
        return 'Gemma 3 models with layers or scales of their own';
      return null;
    }
    case 'smollm3':
      return kinds.every(({ window, rotary }, i) => window === null && (rotary === null) === ((i + 1) % 4 === 0))
        ? null
        : 'SmolLM3 models with windows, or other layers without rotation than every fourth,';
    case 'qwen2':
    case 'qwen3':
      return kinds.every(({ window }) => window === null) ? null : 'Qwen models with sliding windows';
    default:
      return null;
  }
}

export function modelMetadata(config: ModelConfig, name: string, fileType: number): Map<string, GgufValue> {
  const { architecture } = config;
  const { architecture: arch } = ggufFamily(config);
  const metadata = new Map<string, GgufValue>([
    ['general.architecture', { kind: 'text', value: arch }],
    ['general.name', { kind: 'text', value: name }],
    ['general.file_type', { kind: 'u32', value: fileType }],
    ['general.quantization_version', { kind: 'u32', value: 2 }],
  ]);
  const count = (key: string, value: number) => metadata.set(`${arch}.${key}`, { kind: 'u32', value });
  const number = (key: string, value: number) => metadata.set(`${arch}.${key}`, { kind: 'f32', value });
  const windows = architecture.layers.flatMap(({ window }) => window ?? []);
  // llama.cpp computes Mistral without its window, which is right as far as the window reaches.
  const slides = config.family === 'gemma3_text';
  count('context_length', slides ? config.maxPositions : Math.min(config.maxPositions, ...windows));
  count('embedding_length', config.dim);
  count('block_count', config.layers);
  count('feed_forward_length', config.ffnDim);
  count('attention.head_count', config.heads);
  count('attention.head_count_kv', config.kvHeads);
  count('attention.key_length', config.headDim);
  count('attention.value_length', config.headDim);
  count('vocab_size', config.vocabSize);
  number('attention.layer_norm_rms_epsilon', architecture.norm.epsilon);
  if (slides && windows[0] !== undefined) count('attention.sliding_window', windows[0]);
  const rotary =
    [...architecture.layers].reverse().find((layer) => layer.window === null && layer.rotary !== null)?.rotary ??
    architecture.layers[0]?.rotary;
  if (rotary != null) {
    count('rope.dimension_count', rotary.dim);
    number('rope.freq_base', rotary.theta);
    const { scaling } = rotary;
    if (scaling.kind === 'linear' || scaling.kind === 'yarn') {
      metadata.set(`${arch}.rope.scaling.type`, { kind: 'text', value: scaling.kind });
      number('rope.scaling.factor', scaling.factor);
    }
    if (scaling.kind === 'yarn') count('rope.scaling.original_context_length', scaling.originalPositions);
  }
  if (config.family === 'granite') {
    number('attention.scale', architecture.attention.scale);
    number('embedding_scale', architecture.multipliers.embedding);
    number('residual_scale', architecture.multipliers.residual);
    number('logit_scale', 1 / architecture.multipliers.logits);
  }
  return metadata;
}

/** Names inside a block, by the ends of their Hugging Face names. */
const blockNames: Readonly<Record<string, string>> = {
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
  input_layernorm: 'attn_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};

/** `model.layers.3.self_attn.q_proj.weight` as `blk.3.attn_q.weight`. */
export function ggufName(config: ModelConfig, name: string): string {
  const [, layer, module = '', kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  if (layer === undefined) {
    if (name === 'model.embed_tokens.weight') return 'token_embd.weight';
    if (name === 'model.norm.weight') return 'output_norm.weight';
    if (name === 'lm_head.weight') return 'output.weight';
    throw new Error(`no place for ${name} in a GGUF file`);
  }
  // The same name is a norm before the feed-forward in most families, and one behind attention in two.
  const after = config.architecture.names.attentionOutNorm === module;
  const own = module === 'post_attention_layernorm' ? (after ? 'post_attention_norm' : 'ffn_norm') : blockNames[module];
  if (own === undefined) throw new Error(`no place for ${name} in a GGUF file`);
  return `blk.${layer}.${own}.${kind}`;
}

/** Rows of every head [a₀ … b₀ …] as [a₀ b₀ a₁ b₁ …]: halves that are rotated together become neighbours. */
export function interleaved(numbers: Float32Array, heads: number, width: number): Float32Array {
  const out = new Float32Array(numbers.length);
  const rows = numbers.length / width / heads;
  const half = rows / 2;
  for (let head = 0; head < heads; head++) {
    for (let row = 0; row < rows; row++) {
      const from = (head * rows + (row % 2) * half + Math.floor(row / 2)) * width;
      out.set(numbers.subarray(from, from + width), (head * rows + row) * width);
    }
  }
  return out;
}
