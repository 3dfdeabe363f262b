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
  olmo3: { architecture: 'olmo2', interleaved: false },
  gemma3_text: { architecture: 'gemma3', interleaved: false },
  phi3: { architecture: 'phi3', interleaved: false },
  gpt2: { architecture: 'gpt2', interleaved: false },
  gpt_neox: { architecture: 'gptneox', interleaved: false },
};
export const ggufFamilies: readonly string[] = Object.keys(families);

export function ggufFamily(config: ModelConfig): GgufFamily {
  const family = families[config.family];
  const unlike =
    family === undefined ? `models of type “${config.family}”` : (unlikeLlamaCpp(config) ?? partUnlikeLlamaCpp(config));
  if (family !== undefined && unlike === null) return family;
  throw new WorkbenchError('unsupported', `GGUF export: ${unlike} are not supported.`, {
    remedy: `Export as safetensors. GGUF is written for: ${ggufFamilies.join(', ')}.`,
  });
}

/** YaRN’s own factor on queries and keys (Peng et al. 2023, equation 22). */
function yarnAmplitude(factor: number): number {
  return 0.1 * Math.log(factor) + 1;
}

/** What llama.cpp computes by rules of its own, where this model has others. */
function unlikeLlamaCpp({ family, headDim, architecture }: ModelConfig): string | null {
  const { attention, layers: kinds, head } = architecture;
  const scaling = kinds.find(({ rotary }) => rotary !== null)?.rotary?.scaling.kind ?? 'none';
  if (head.kind !== 'language-model') return 'reward models and classifiers';
  if (scaling === 'dynamic' || (scaling === 'longrope' && family !== 'phi3'))
    return `models with rotary scaling of type “${scaling}”`;
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
    case 'olmo3': {
      const full = (layer: number) => (layer + 1) % 4 === 0;
      const rotary = kinds.find(({ window }) => window === null)?.rotary?.scaling;
      // It derives the amplitude from the factor.
      const own = rotary?.kind === 'yarn' && Math.abs(rotary.attentionFactor - yarnAmplitude(rotary.factor)) > 1e-4;
      return kinds.every(({ window }, i) => (window === null) === full(i)) && !own
        ? null
        : 'OLMo 3 models with other layers or amplitudes than the published ones';
    }
    case 'gpt2':
    case 'gpt_neox':
      return architecture.feedForward.activation.startsWith('gelu') ? null : `${family} models without GELU`;
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

/** Parts that it computes alike in every model of a family, or derives from other settings. */
function partUnlikeLlamaCpp({ family, architecture }: ModelConfig): string | null {
  const { kind, activation } = architecture.feedForward;
  const usual = family === 'gemma3_text' ? 'gelu_tanh' : 'silu';
  if (kind === 'gated' && activation !== usual) return `models of type “${family}” with the activation ${activation}`;
  const own = architecture.layers.some(({ rotary }) => {
    if (rotary?.scaling.kind !== 'yarn') return false;
    const { attentionFactor, factor, betaFast, betaSlow, truncate } = rotary.scaling;
    return Math.abs(attentionFactor - yarnAmplitude(factor)) > 1e-4 || betaFast !== 32 || betaSlow !== 1 || !truncate;
  });
  return own ? 'models whose YaRN has an amplitude or bounds of its own' : null;
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
  const slides = config.family === 'gemma3_text' || config.family === 'olmo3';
  count('context_length', slides ? config.maxPositions : Math.min(config.maxPositions, ...windows));
  count('embedding_length', config.dim);
  count('block_count', config.layers);
  count('feed_forward_length', config.ffnDim);
  count('attention.head_count', config.heads);
  count('attention.head_count_kv', config.kvHeads);
  count('attention.key_length', config.headDim);
  count('attention.value_length', config.headDim);
  count('vocab_size', config.vocabSize);
  number(
    architecture.norm.kind === 'rms' ? 'attention.layer_norm_rms_epsilon' : 'attention.layer_norm_epsilon',
    architecture.norm.epsilon,
  );
  if (config.family === 'gpt_neox')
    metadata.set(`${arch}.use_parallel_residual`, { kind: 'bool', value: architecture.residual === 'parallel' });
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
    if (scaling.kind === 'yarn' || scaling.kind === 'longrope')
      count('rope.scaling.original_context_length', scaling.originalPositions);
    else if (config.family === 'phi3') count('rope.scaling.original_context_length', config.maxPositions);
    if (scaling.kind === 'longrope') number('rope.scaling.attn_factor', scaling.attentionFactor);
  }
  if (config.family === 'granite') {
    number('attention.scale', architecture.attention.scale);
    number('embedding_scale', architecture.multipliers.embedding);
    number('residual_scale', architecture.multipliers.residual);
    number('logit_scale', 1 / architecture.multipliers.logits);
  }
  return metadata;
}

/** `model.layers.3.self_attn.q_proj.weight` as `blk.3.attn_q.weight`. */
export function ggufName({ architecture }: ModelConfig, name: string): string {
  const { names } = architecture;
  const [, module = '', kind = ''] = /^(.+)\.(weight|bias)$/.exec(name) ?? [];
  const outside = new Map([
    [names.embedding, 'token_embd'],
    [names.positionEmbedding, 'position_embd'],
    [names.finalNorm, 'output_norm'],
    [names.head, 'output'],
  ]).get(module);
  if (outside !== undefined) return `${outside}.${kind}`;
  const [layer = '', ...rest] = module.slice(names.block.length + 1).split('.');
  // Its own names by what the module does; a norm behind a half is another than one before it.
  const inside = new Map([
    [names.attentionNorm, 'attn_norm'],
    [names.attentionOutNorm, 'post_attention_norm'],
    [names.query, 'attn_q'],
    [names.key, 'attn_k'],
    [names.value, 'attn_v'],
    [names.queryNorm, 'attn_q_norm'],
    [names.keyNorm, 'attn_k_norm'],
    [names.queryKeyValue, 'attn_qkv'],
    [names.attentionOut, 'attn_output'],
    [names.feedForwardNorm, 'ffn_norm'],
    [names.feedForwardOutNorm, 'post_ffw_norm'],
    [names.gate, 'ffn_gate'],
    [names.up, 'ffn_up'],
    [names.gateUp, 'ffn_up'],
    [names.down, 'ffn_down'],
  ]).get(rest.join('.'));
  if (inside === undefined) throw new Error(`no place for ${name} in a GGUF file`);
  return `blk.${layer}.${inside}.${kind}`;
}

/** Rows of heads × [q | k | v] as [q of all heads | k | v]. */
export function fusedApart(numbers: Float32Array, heads: number, width: number): Float32Array {
  const out = new Float32Array(numbers.length);
  const part = numbers.length / heads / 3;
  for (let head = 0; head < heads; head++) {
    for (let which = 0; which < 3; which++) {
      const from = (head * 3 + which) * part;
      out.set(numbers.subarray(from, from + part), (which * heads + head) * part);
    }
  }
  if (part % width !== 0) throw new Error('rows of a fused weight do not divide by its heads');
  return out;
}

/** [in, out] as [out, in]. */
export function transposed(numbers: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(numbers.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = numbers[r * columns + c]!;
  return out;
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
