import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Activation, Architecture, LayerAttention, WeightNames } from './architecture.ts';
import type { ModelConfig } from './causal-lm.ts';
import type { ConfigFields } from './config-fields.ts';
import { unsupported } from './refused.ts';
import { readRotary, type RotaryReading } from './rotary-config.ts';
import { llamaNames } from './weight-names.ts';

/** What a family's config.json says, except for the tokens that every family names alike. */
export type FamilyConfig = Omit<ModelConfig, 'family' | 'source' | 'bosTokenId' | 'eosTokenIds' | 'padTokenId'>;

export interface Family {
  modelType: string;
  /** For messages. */
  covers: string;
  read(fields: ConfigFields): FamilyConfig;
}

/** Where a relative of Llama differs from it; what is left out is as in Llama. Functions are of a layer's number, from 0. */
export interface Differences {
  /** Used if config.json does not say. */
  usual?: { epsilon?: number; headDim?: number; tied?: boolean };
  rotary?: RotaryReading;
  /** Keys a query sees in this layer; null = all before it. */
  window?: (layer: number) => number | null;
  /** The rotation of layers with a window, if it differs. */
  windowRotary?: RotaryReading;
  /** Whether this layer rotates queries and keys at all. */
  rotated?: (layer: number) => boolean;
  gain?: Architecture['norm']['gain'];
  attention?: Partial<Architecture['attention']>;
  norm?: Architecture['norm'];
  logitCap?: number;
  feedForward?: Architecture['feedForward']['kind'];
  residual?: Architecture['residual'];
  activation?: Activation;
  multipliers?: Architecture['multipliers'];
  bias?: Architecture['bias'];
  names?: WeightNames;
}

const noBias: Architecture['bias'] = { qkv: false, attentionOut: false, feedForward: false };
export const plainMultipliers: Architecture['multipliers'] = { embedding: 1, residual: 1, logits: 1 };

/** Llama and its relatives: RMS norm, rotary positions, gated feed-forward. */
export function llamaLike(fields: ConfigFields, differences: Differences = {}): FamilyConfig {
  const { usual = {}, names = llamaNames, bias = noBias, multipliers = plainMultipliers } = differences;
  const dim = fields.count('hidden_size');
  const heads = fields.count('num_attention_heads');
  const headDim =
    fields.optionalCount('head_dim') ?? usual.headDim ?? headWidth(fields, 'num_attention_heads', dim, heads);
  const layers = fields.count('num_hidden_layers');
  const maxPositions = fields.count('max_position_embeddings');
  const architecture: Architecture = {
    norm: differences.norm ?? {
      kind: 'rms',
      epsilon: fields.number('rms_norm_eps', usual.epsilon ?? 1e-6),
      gain: differences.gain ?? 'weight',
    },
    layers: layersOf(fields, { layers, headDim, maxPositions }, differences),
    attention: { projection: 'separate', qkNorm: 'none', scale: headDim ** -0.5, ...differences.attention },
    feedForward: {
      kind: differences.feedForward ?? 'gated',
      activation: differences.activation ?? activationOf(fields, 'hidden_act', 'silu'),
    },
    residual: differences.residual ?? 'sequential',
    linearLayout: 'out-in',
    head: headOf(fields),
    ...{ multipliers, bias, names },
    ...(differences.logitCap === undefined ? {} : { logitCap: differences.logitCap }),
  };
  return {
    ...{ dim, heads, headDim, layers, maxPositions, architecture },
    vocabSize: fields.count('vocab_size'),
    kvHeads: fields.count('num_key_value_heads', heads),
    ffnDim: fields.count('intermediate_size'),
    tiedHead: fields.flag('tie_word_embeddings', usual.tied ?? false),
  };
}

/** The width of one head, given the width of all heads together. */
export function headWidth(fields: ConfigFields, field: string, dim: number, heads: number): number {
  if (dim % heads === 0) return dim / heads;
  const message = `${fields.file}: a width of ${dim} does not divide into ${heads} heads`;
  throw new WorkbenchError('bad-input', message, { place: { file: fields.file, field } });
}

/** `attention_bias` and `mlp_bias`, as most relatives of Llama have them. */
export function writtenBias(fields: ConfigFields): Architecture['bias'] {
  const attention = fields.flag('attention_bias', false);
  return { qkv: attention, attentionOut: attention, feedForward: fields.flag('mlp_bias', false) };
}

/** The same description for every layer. */
export function alikeLayers(count: number, layer: LayerAttention): LayerAttention[] {
  return new Array<LayerAttention>(count).fill(layer);
}

/** Layers that are alike share one object. */
function layersOf(
  fields: ConfigFields,
  sizes: { layers: number; headDim: number; maxPositions: number },
  { window = () => null, rotated = () => true, rotary = {}, windowRotary = rotary }: Differences,
): LayerAttention[] {
  const turns = {
    full_attention: readRotary(fields, { ...sizes, ...rotary, layerType: 'full_attention' }),
    sliding_attention: readRotary(fields, { ...sizes, ...windowRotary, layerType: 'sliding_attention' }),
  };
  const shared = new Map<string, LayerAttention>();
  return Array.from({ length: sizes.layers }, (_, layer) => {
    const keys = window(layer);
    const turn = turns[keys === null ? 'full_attention' : 'sliding_attention'];
    const kind = `${keys} ${rotated(layer)}`;
    const known = shared.get(kind) ?? { window: keys, rotary: rotated(layer) ? turn : null };
    shared.set(kind, known);
    return known;
  });
}

/**
 * The window of each layer: `layer_types` says which layers have one; if it is absent, `sliding` does.
 */
export function slidingLayers(
  fields: ConfigFields,
  window: number | null,
  sliding: (layer: number) => boolean,
): (layer: number) => number | null {
  if (!fields.has('layer_types')) return (layer) => (sliding(layer) ? window : null);
  const types = fields.list('layer_types', fields.count('num_hidden_layers'));
  if (window === null && types.includes('sliding_attention')) {
    throw new WorkbenchError(
      'bad-input',
      `${fields.file}: layer_types has layers with a window, and no window is set`,
      {
        remedy:
          'Set sliding_window (and use_sliding_window, where the family has it), or write these layers as full_attention.',
        place: { file: fields.file, field: 'sliding_window' },
      },
    );
  }
  return (layer) => (types[layer] === 'sliding_attention' ? window : null);
}

export function headOf(fields: ConfigFields): Architecture['head'] {
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

export function activationOf(fields: ConfigFields, field: string, usual: string): Activation {
  const name = fields.text(field, usual);
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation === undefined) throw unsupported(fields.file, field, `the activation “${name}” is not supported`);
  return activation;
}
