import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ConfigFields } from './config-fields.ts';
import * as parts from './family-parts.ts';
import { unsupported } from './refused.ts';
import { readRotary } from './rotary-config.ts';
import * as names from './weight-names.ts';

const everyBias = { qkv: true, attentionOut: true, feedForward: true };

/** Families whose norms are layer norms, with a bias of their own. */
export const layerNormFamilies: readonly parts.Family[] = [
  {
    modelType: 'gpt2',
    covers: 'GPT-2',
    read: (fields) => {
      const dim = fields.count('n_embd');
      const heads = fields.count('n_head');
      const layers = fields.count('n_layer');
      const headDim = parts.headWidth(fields, 'n_head', dim, heads);
      return {
        ...{ dim, heads, kvHeads: heads, headDim, layers },
        vocabSize: fields.count('vocab_size'),
        ffnDim: fields.optionalCount('n_inner') ?? 4 * dim,
        maxPositions: fields.count('n_positions'),
        tiedHead: fields.flag('tie_word_embeddings', true),
        architecture: {
          norm: { kind: 'layer', epsilon: fields.number('layer_norm_epsilon', 1e-5), gain: 'weight' },
          layers: parts.alikeLayers(layers, { window: null, rotary: null }),
          attention: { projection: 'fused', qkNorm: 'none', scale: headDim ** -0.5 },
          feedForward: { kind: 'plain', activation: parts.activationOf(fields, 'activation_function', 'gelu_new') },
          residual: 'sequential',
          multipliers: parts.plainMultipliers,
          bias: everyBias,
          linearLayout: 'in-out',
          head: parts.headOf(fields),
          names: names.gpt2Names,
        },
      };
    },
  },
  {
    modelType: 'gpt_neox',
    covers: 'GPT-NeoX, Pythia',
    read: (fields) => {
      const dim = fields.count('hidden_size');
      const heads = fields.count('num_attention_heads');
      const headDim = parts.headWidth(fields, 'num_attention_heads', dim, heads);
      const maxPositions = fields.count('max_position_embeddings');
      const layers = fields.count('num_hidden_layers');
      const attention = fields.flag('attention_bias', true);
      const reading = { partial: ['rotary_pct', 0.25], thetaField: 'rotary_emb_base' } as const;
      const rotary = readRotary(fields, { headDim, maxPositions, ...reading });
      return {
        ...{ dim, heads, kvHeads: heads, headDim, layers, maxPositions },
        vocabSize: fields.count('vocab_size'),
        ffnDim: fields.count('intermediate_size'),
        tiedHead: fields.flag('tie_word_embeddings', false),
        architecture: {
          norm: { kind: 'layer', epsilon: fields.number('layer_norm_eps', 1e-5), gain: 'weight' },
          layers: parts.alikeLayers(layers, { window: null, rotary }),
          attention: { projection: 'fused-by-head', qkNorm: 'none', scale: headDim ** -0.5 },
          feedForward: { kind: 'plain', activation: parts.activationOf(fields, 'hidden_act', 'gelu') },
          residual: fields.flag('use_parallel_residual', true) ? 'parallel' : 'sequential',
          multipliers: parts.plainMultipliers,
          bias: { qkv: attention, attentionOut: attention, feedForward: true },
          linearLayout: 'out-in',
          head: parts.headOf(fields),
          names: names.neoxNames,
        },
      };
    },
  },
  {
    modelType: 'gpt_neo',
    covers: 'GPT-Neo, TinyStories',
    read: (fields) => {
      const dim = fields.count('hidden_size');
      const heads = fields.count('num_heads');
      const layers = fields.count('num_layers');
      const headDim = parts.headWidth(fields, 'num_heads', dim, heads);
      return {
        ...{ dim, heads, kvHeads: heads, headDim, layers },
        vocabSize: fields.count('vocab_size'),
        ffnDim: fields.optionalCount('intermediate_size') ?? 4 * dim,
        maxPositions: fields.count('max_position_embeddings', 2048),
        tiedHead: fields.flag('tie_word_embeddings', true),
        architecture: {
          norm: { kind: 'layer', epsilon: fields.number('layer_norm_epsilon', 1e-5), gain: 'weight' },
          layers: localAndGlobal(fields, layers),
          attention: { projection: 'separate', qkNorm: 'none', scale: 1 },
          feedForward: { kind: 'plain', activation: parts.activationOf(fields, 'activation_function', 'gelu_new') },
          residual: 'sequential',
          multipliers: parts.plainMultipliers,
          bias: { ...everyBias, qkv: false },
          linearLayout: 'out-in',
          head: parts.headOf(fields),
          names: names.gptNeoNames,
        },
      };
    },
  },
  {
    modelType: 'opt',
    covers: 'OPT, except the one of 350 million',
    read: (fields) => {
      const dim = fields.count('hidden_size');
      const heads = fields.count('num_attention_heads');
      const layers = fields.count('num_hidden_layers');
      const headDim = parts.headWidth(fields, 'num_attention_heads', dim, heads);
      refuseOtherOpt(fields, dim);
      const bias = fields.flag('enable_bias', true);
      return {
        ...{ dim, heads, kvHeads: heads, headDim, layers },
        vocabSize: fields.count('vocab_size'),
        ffnDim: fields.count('ffn_dim'),
        maxPositions: fields.count('max_position_embeddings', 2048),
        tiedHead: fields.flag('tie_word_embeddings', true),
        architecture: {
          norm: { kind: 'layer', epsilon: 1e-5, gain: 'weight' },
          layers: parts.alikeLayers(layers, { window: null, rotary: null }),
          attention: { projection: 'separate', qkNorm: 'none', scale: headDim ** -0.5 },
          feedForward: { kind: 'plain', activation: parts.activationOf(fields, 'activation_function', 'relu') },
          residual: 'sequential',
          multipliers: parts.plainMultipliers,
          bias: { qkv: bias, attentionOut: bias, feedForward: bias },
          linearLayout: 'out-in',
          head: parts.headOf(fields),
          names: names.optNames,
          firstPosition: 2,
        },
      };
    },
  },
  {
    modelType: 'starcoder2',
    covers: 'StarCoder2',
    read: (fields) => {
      const bias = fields.flag('use_bias', true);
      const window = fields.countOrNull('sliding_window', null);
      return parts.llamaLike(fields, {
        usual: { tied: true },
        norm: { kind: 'layer', epsilon: fields.number('norm_epsilon', 1e-5), gain: 'weight' },
        bias: { qkv: bias, attentionOut: bias, feedForward: bias },
        window: () => window,
        feedForward: 'plain',
        activation: parts.activationOf(fields, 'hidden_act', 'gelu_pytorch_tanh'),
        names: names.starcoder2Names,
      });
    },
  },
  {
    modelType: 'stablelm',
    covers: 'StableLM',
    read: (fields) => {
      const parallel = fields.flag('use_parallel_residual', false);
      return parts.llamaLike(fields, {
        norm: { kind: 'layer', epsilon: fields.number('layer_norm_eps', 1e-5), gain: 'weight' },
        bias: { qkv: fields.flag('use_qkv_bias', false), attentionOut: false, feedForward: false },
        rotary: { partial: ['partial_rotary_factor', 0.25] },
        residual: parallel ? 'parallel' : 'sequential',
        // Both halves of a parallel block read the output of one norm.
        names: parallel ? { ...names.llamaNames, feedForwardNorm: names.llamaNames.attentionNorm } : names.llamaNames,
      });
    },
  },
];

/** `attention_layers` names the type of each layer; older files have `attention_types`: lists of types, and how often each is repeated. */
function localAndGlobal(fields: ConfigFields, count: number): parts.FamilyConfig['architecture']['layers'] {
  const types = fields.has('attention_layers') ? fields.texts('attention_layers') : repeatedTypes(fields);
  if (types.length !== count) {
    const message = `${fields.file}: there are ${types.length} types of attention for ${count} layers`;
    throw new WorkbenchError('bad-input', message, { place: { file: fields.file, field: 'attention_layers' } });
  }
  const other = types.find((type) => type !== 'global' && type !== 'local');
  if (other !== undefined)
    throw unsupported(fields.file, 'attention_layers', `layers of type “${other}” are not supported`);
  const global = { window: null, rotary: null };
  const local = { window: fields.count('window_size', 256), rotary: null };
  return types.map((type) => (type === 'global' ? global : local));
}

/** More repetitions than any model has layers. */
const manyTimes = 10_000;

function repeatedTypes(fields: ConfigFields): string[] {
  const runs = fields.source['attention_types'] ?? [[['global', 'local'], 12]];
  const isRun = (run: unknown): run is [string[], number] =>
    Array.isArray(run) && Array.isArray(run[0]) && Number.isInteger(run[1]) && run[1] >= 0 && run[1] <= manyTimes;
  if (!Array.isArray(runs) || !runs.every(isRun)) {
    const message = `${fields.file}: attention_types must be a list of pairs: types of layers, and how often they are repeated`;
    throw new WorkbenchError('bad-input', message, { place: { file: fields.file, field: 'attention_types' } });
  }
  return runs.flatMap(([types, times]) => new Array<string[]>(times).fill(types).flat());
}

function refuseOtherOpt(fields: ConfigFields, dim: number): void {
  const refuse = (field: string, what: string) => unsupported(fields.file, field, `${what} is not supported`);
  if (!fields.flag('do_layer_norm_before', true))
    throw refuse('do_layer_norm_before', 'a norm after each half of a block');
  if (fields.count('word_embed_proj_dim', dim) !== dim)
    throw refuse('word_embed_proj_dim', 'an embedding of another width than the blocks');
  if (!fields.flag('layer_norm_elementwise_affine', true))
    throw refuse('layer_norm_elementwise_affine', 'a norm without weights');
  if (fields.flag('_remove_final_layer_norm', false))
    throw refuse('_remove_final_layer_norm', 'a model without a norm at its end');
}
