import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ConfigFields } from './config-fields.ts';

/**
 * What would be computed wrongly, refused by name from config.json alone. Only the first that applies is reported, starting with those that
 * change the whole model.
 */
interface Refusal {
  what: string;
  /** Field that shows it, or null if it does not apply. */
  shownBy(fields: ConfigFields): string | null;
}

/** `attention`: what full attention was called before. */
const layerTypes = ['full_attention', 'attention', 'sliding_attention'];

const refusals: readonly Refusal[] = [
  { what: 'quantised weights are not supported', shownBy: named('quantization_config', 'quantization') },
  {
    what: 'multimodal models (a language model with a vision or audio tower) are not supported',
    shownBy: named('vision_config', 'audio_config', 'vision_tower', 'mm_vision_tower', 'visual', 'text_config'),
  },
  {
    what: 'mixtures of experts are not supported',
    shownBy: several('num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_experts', 'num_experts_per_tok'),
  },
  {
    what: 'hybrids with linear attention, convolutions or state-space layers are not supported',
    shownBy: named(
      ...['ssm_cfg', 'state_size', 'mamba_d_state', 'mamba_d_conv', 'conv_L_cache', 'conv_kernel', 'lru_width'],
      ...['linear_num_key_heads', 'linear_num_value_heads', 'linear_conv_kernel_dim', 'hybrid_override_pattern'],
    ),
  },
  { what: 'encoder-decoder models are not supported', shownBy: set('is_encoder_decoder') },
  { what: 'cross-attention is not supported', shownBy: set('add_cross_attention') },
  { what: 'attention that also looks ahead is not supported', shownBy: set('use_bidirectional_attention') },
  {
    what: 'attention that also looks ahead is not supported',
    shownBy: (fields) => (fields.flag('is_causal', true) ? null : 'is_causal'),
  },
  { what: 'layer norms of queries and keys are not supported', shownBy: set('qk_layernorm') },
  { what: 'settings of single layers are not supported', shownBy: named('per_layer_config') },
  { what: 'soft-capped scores are not supported', shownBy: unlessIn('attn_logit_softcapping', 'gemma2') },
  {
    what: 'soft-capped logits are not supported',
    shownBy: unlessIn('final_logit_softcapping', 'gemma2', 'gemma3_text'),
  },
  { what: 'attention scaled by the layer’s index is not supported', shownBy: set('scale_attn_by_inverse_layer_idx') },
  {
    what: 'unscaled attention is not supported',
    shownBy: (fields) => (fields.flag('scale_attn_weights', true) ? null : 'scale_attn_weights'),
  },
];

/** Throws if the configuration asks for what no family of the workbench computes. */
export function refuseVariants(fields: ConfigFields): void {
  for (const { what, shownBy } of refusals) {
    const field = shownBy(fields);
    if (field !== null) throw unsupported(fields.file, field, what);
  }
  const other = fields.texts('layer_types').find((type) => !layerTypes.includes(type));
  if (other !== undefined) throw unsupported(fields.file, 'layer_types', `layers of type “${other}” are not supported`);
}

export function unsupported(file: string, field: string, what: string): WorkbenchError {
  return new WorkbenchError('unsupported', `${file}: ${what}`, { place: { file, field } });
}

function named(...names: readonly string[]): Refusal['shownBy'] {
  return (fields) => names.find((name) => fields.has(name)) ?? null;
}

/** Computed in these families, and in no other. */
function unlessIn(name: string, ...families: readonly string[]): Refusal['shownBy'] {
  return (fields) => (fields.has(name) && !families.includes(fields.text('model_type')) ? name : null);
}

function set(name: string): Refusal['shownBy'] {
  return (fields) => (fields.flag(name, false) ? name : null);
}

/** One expert is a plain feed-forward, and some dense models write a 0 here. */
function several(...names: readonly string[]): Refusal['shownBy'] {
  return (fields) =>
    names.find((name) => fields.has(name) && fields.source[name] !== 0 && fields.source[name] !== 1) ?? null;
}
