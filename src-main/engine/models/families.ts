import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ModelConfig } from './causal-lm.ts';
import { ConfigFields } from './config-fields.ts';
import { layerNormFamilies } from './layer-norm-families.ts';
import * as parts from './family-parts.ts';
import { refuseVariants, unsupported } from './refused.ts';
import { checkRotary } from './rotary-config.ts';
import * as names from './weight-names.ts';

const { llamaLike, slidingLayers, writtenBias } = parts;

/**
 * The supported families: what each one's config.json means for the one decoder. `decoder.ts` knows none of these names.
 */
const families: readonly parts.Family[] = [
  {
    modelType: 'llama',
    covers: 'Llama 1 to 3, TinyLlama, SmolLM2',
    read: (fields) => llamaLike(fields, { bias: writtenBias(fields) }),
  },
  {
    modelType: 'mistral',
    covers: 'Mistral',
    read: mistral,
  },
  {
    modelType: 'ministral',
    covers: 'Ministral',
    read: mistral,
  },
  {
    modelType: 'qwen2',
    covers: 'Qwen2 and Qwen2.5',
    read: (fields) =>
      llamaLike(fields, {
        bias: { qkv: true, attentionOut: false, feedForward: false },
        window: upperLayers(fields),
      }),
  },
  {
    modelType: 'qwen3',
    covers: 'Qwen3',
    read: (fields) =>
      llamaLike(fields, {
        usual: { headDim: 128 },
        bias: { ...writtenBias(fields), feedForward: false },
        window: upperLayers(fields),
        attention: { qkNorm: 'per-head' },
        names: names.qwen3Names,
      }),
  },
  {
    modelType: 'gemma',
    covers: 'Gemma 1',
    read: (fields) => {
      const activation = parts.activationOf(fields, 'hidden_act', 'gelu_pytorch_tanh');
      return llamaLike(fields, {
        usual: { headDim: 256, tied: true },
        bias: { ...writtenBias(fields), feedForward: false },
        gain: 'one-plus-weight',
        // Its first releases say “gelu” and mean the approximation, which transformers takes it for.
        activation: activation === 'gelu' ? 'gelu_tanh' : activation,
        multipliers: { ...parts.plainMultipliers, embedding: fields.count('hidden_size') ** 0.5 },
      });
    },
  },
  {
    modelType: 'gemma2',
    covers: 'Gemma 2',
    read: (fields) =>
      llamaLike(fields, {
        ...gemma(fields, { scores: 50, logits: 30 }),
        window: slidingLayers(fields, fields.countOrNull('sliding_window', 4096), (i) => (i + 1) % 2 !== 0),
        names: names.gemma2Names,
      }),
  },
  {
    modelType: 'gemma3_text',
    covers: 'Gemma 3, text only',
    read: (fields) => {
      const every = fields.count('sliding_window_pattern', 6);
      const common = gemma(fields);
      return llamaLike(fields, {
        ...common,
        attention: { ...common.attention, qkNorm: 'per-head' },
        window: slidingLayers(fields, fields.countOrNull('sliding_window', 4096), (i) => (i + 1) % every !== 0),
        rotary: { theta: 1_000_000, byLayerType: true },
        windowRotary: { theta: 10_000, thetaField: 'rope_local_base_freq', byLayerType: true },
        names: names.gemma3Names,
      });
    },
  },
  {
    modelType: 'olmo2',
    covers: 'OLMo 2',
    read: (fields) => llamaLike(fields, olmo(fields)),
  },
  {
    modelType: 'olmo3',
    covers: 'OLMo 3',
    read: (fields) =>
      llamaLike(fields, {
        ...olmo(fields),
        window: slidingLayers(fields, fields.countOrNull('sliding_window', 4096), (i) => (i + 1) % 4 !== 0),
        rotary: { theta: olmo3Theta(fields), byLayerType: true },
      }),
  },
  {
    modelType: 'smollm3',
    covers: 'SmolLM3',
    read: (fields) => {
      const layers = fields.count('num_hidden_layers');
      const every = fields.count('no_rope_layer_interval', 4);
      const written = fields.has('no_rope_layers') ? fields.list('no_rope_layers', layers, true) : null;
      const rotated = (layer: number) => (written === null ? (layer + 1) % every !== 0 : Boolean(written[layer]));
      return llamaLike(fields, {
        usual: { tied: true },
        bias: writtenBias(fields),
        rotary: { theta: 2_000_000 },
        rotated,
        // Layers that are listed as sliding do, whatever use_sliding_window says.
        window: slidingLayers(
          fields,
          fields.has('layer_types') ? fields.countOrNull('sliding_window', null) : windowInUse(fields),
          (layer) => !rotated(layer),
        ),
      });
    },
  },
  {
    modelType: 'granite',
    covers: 'Granite, dense',
    read: (fields) =>
      llamaLike(fields, {
        bias: writtenBias(fields),
        attention: { scale: fields.number('attention_multiplier', 1) },
        multipliers: {
          embedding: fields.number('embedding_multiplier', 1),
          residual: fields.number('residual_multiplier', 1),
          logits: 1 / fields.number('logits_scaling', 1),
        },
      }),
  },
  {
    modelType: 'phi3',
    covers: 'Phi-3 and Phi-4-mini',
    read: (fields) => {
      const window = fields.countOrNull('sliding_window', null);
      return llamaLike(fields, {
        usual: { epsilon: 1e-5 },
        rotary: {
          partial: ['partial_rotary_factor', 1],
          originalPositions: fields.count('original_max_position_embeddings', 4096),
          only: 'longrope',
          alsoCalled: { yarn: 'longrope', su: 'longrope' },
        },
        window: () => window,
        attention: { projection: 'fused' },
        names: names.phi3Names,
      });
    },
  },
  ...layerNormFamilies,
];

/** What Gemma 2 and 3 have in common; `caps` are the usual ones, and null in config.json is none. */
function gemma(fields: ConfigFields, caps: { scores?: number; logits?: number } = {}): parts.Differences {
  const softCap = fields.numberOrNone('attn_logit_softcapping', caps.scores);
  const logitCap = fields.numberOrNone('final_logit_softcapping', caps.logits);
  return {
    usual: { headDim: 256, tied: true },
    bias: { ...writtenBias(fields), feedForward: false },
    gain: 'one-plus-weight',
    attention: {
      scale: fields.number('query_pre_attn_scalar', 256) ** -0.5,
      ...(softCap === undefined ? {} : { softCap }),
    },
    ...(logitCap === undefined ? {} : { logitCap }),
    activation: parts.activationOf(fields, 'hidden_activation', 'gelu_pytorch_tanh'),
    multipliers: { ...parts.plainMultipliers, embedding: fields.count('hidden_size') ** 0.5 },
  };
}

/** A window on every layer, or on those of `layer_types`: transformers reads a Mistral that has these as a Ministral. */
function mistral(fields: ConfigFields): parts.FamilyConfig {
  return llamaLike(fields, { window: slidingLayers(fields, fields.countOrNull('sliding_window', 4096), () => true) });
}

/**
 * The base of OLMo 3 outside `rope_parameters`. Every published model has the usual one; of another, transformers 4 rotates all layers by it,
 * and transformers 5 only those without a window.
 */
function olmo3Theta(fields: ConfigFields): number {
  const usual = 500_000;
  if (fields.number('rope_theta', usual) === usual) return usual;
  const message = `${fields.file}: a rope_theta of OLMo 3 other than ${usual} is read differently by versions of transformers`;
  throw new WorkbenchError('unsupported', message, {
    remedy: 'Write rope_parameters, with the rope_theta of each type of layer, in its place.',
    place: { file: fields.file, field: 'rope_theta' },
  });
}

/** OLMo norms what each half of a block returns, and all heads' queries and keys as one vector. */
function olmo(fields: ConfigFields): parts.Differences {
  return {
    usual: { epsilon: 1e-5 },
    bias: { ...writtenBias(fields), feedForward: false },
    attention: { qkNorm: 'all-heads' },
    names: names.olmoNames,
  };
}

/** Qwen's window, if it is in use: on the layers from `max_window_layers` on. */
function upperLayers(fields: ConfigFields): (layer: number) => number | null {
  const from = fields.whole('max_window_layers', 28);
  return slidingLayers(fields, windowInUse(fields, 4096), (layer) => layer >= from);
}

function windowInUse(fields: ConfigFields, usual: number | null = null): number | null {
  return fields.flag('use_sliding_window', false) ? fields.countOrNull('sliding_window', usual) : null;
}

/** What the workbench loads, for messages and documentation. */
export const supportedFamilies: readonly string[] = families.map((family) => `${family.modelType} (${family.covers})`);

/** config.json → what the decoder needs. Refuses by name, before any weight is read, whatever it would compute wrongly. */
export function readModelConfig(source: unknown, file = 'config.json'): ModelConfig {
  try {
    return readSupported(new ConfigFields(source, file));
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'unsupported' || error.remedy !== undefined) throw error;
    const { place } = error;
    throw new WorkbenchError('unsupported', error.message, {
      remedy: `Supported are: ${supportedFamilies.join('; ')}.`,
      ...(place === undefined ? {} : { place }),
    });
  }
}

function readSupported(fields: ConfigFields): ModelConfig {
  const { file } = fields;
  const modelType = fields.text('model_type');
  refuseVariants(fields);
  const family = families.find((known) => known.modelType === modelType);
  if (family === undefined) {
    const code = fields.has('auto_map') ? ', and code from a model’s own repository is not run' : '';
    throw unsupported(file, 'model_type', `models of type “${modelType}” are not supported${code}`);
  }
  const config: ModelConfig = {
    family: modelType,
    ...family.read(fields),
    bosTokenId: fields.tokenIds('bos_token_id')[0] ?? null,
    eosTokenIds: fields.tokenIds('eos_token_id'),
    padTokenId: fields.tokenIds('pad_token_id')[0] ?? null,
    source: fields.source,
  };
  checkSizes(config, file);
  return config;
}

function checkSizes(config: ModelConfig, file: string): void {
  const bad = (field: string, message: string) =>
    new WorkbenchError('bad-input', `${file}: ${message}`, { place: { file, field } });
  const { heads, kvHeads } = config;
  if (heads % kvHeads !== 0)
    throw bad('num_key_value_heads', `${heads} heads cannot share ${kvHeads} key/value heads evenly`);
  for (const { rotary } of new Set(config.architecture.layers)) {
    if (rotary !== null) checkRotary(rotary, bad);
  }
}
