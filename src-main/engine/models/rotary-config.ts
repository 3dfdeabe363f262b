import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ConfigFields } from './config-fields.ts';
import type { Rotary, RotaryScaling } from './rotary.ts';

interface RotaryContext {
  headDim: number;
  maxPositions: number;
  /** Share of a head that is rotated when the config does not say. */
  partial?: number;
}

export const supportedRopeTypes = ['default', 'linear', 'dynamic', 'yarn', 'llama3', 'longrope'] as const;

/**
 * Rotary settings from either layout of config.json: `rope_parameters` (transformers 5), or `rope_theta` beside
 * `rope_scaling` (before).
 */
export function readRotary(fields: ConfigFields, context: RotaryContext): Rotary {
  const scaling = fields.object('rope_parameters') ?? fields.object('rope_scaling');
  const theta =
    scaling?.has('rope_theta') === true
      ? scaling.number('rope_theta')
      : fields.has('rotary_emb_base')
        ? fields.number('rotary_emb_base')
        : fields.number('rope_theta', 10_000);
  const partial =
    [scaling, fields].flatMap((place) =>
      ['partial_rotary_factor', 'rotary_pct'].filter((name) => place?.has(name)).map((name) => place!.number(name)),
    )[0] ??
    context.partial ??
    1;
  const dim = Math.floor(context.headDim * partial);
  return { dim, theta, scaling: scaling === null ? { kind: 'none' } : readScaling(fields, scaling, context) };
}

function readScaling(fields: ConfigFields, scaling: ConfigFields, { maxPositions }: RotaryContext): RotaryScaling {
  const type = scaling.text('rope_type', scaling.text('type', 'default'));
  const originalPositions = scaling.has('original_max_position_embeddings')
    ? scaling.count('original_max_position_embeddings')
    : fields.count('original_max_position_embeddings', maxPositions);
  switch (type) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: scaling.number('factor') };
    case 'dynamic':
      // transformers reads the first context off max_position_embeddings here, whatever else is written.
      return { kind: 'dynamic', factor: scaling.number('factor'), originalPositions: maxPositions };
    case 'yarn':
      return readYarn(scaling, originalPositions, maxPositions);
    case 'llama3':
      return {
        kind: 'llama3',
        factor: scaling.number('factor'),
        lowFreqFactor: scaling.number('low_freq_factor'),
        highFreqFactor: scaling.number('high_freq_factor'),
        originalPositions: scaling.count('original_max_position_embeddings'),
      };
    case 'longrope':
    case 'su':
      return readLongRope(scaling, originalPositions, maxPositions);
    default:
      throw new WorkbenchError('unsupported', `${fields.file}: rotary scaling of type “${type}” is not supported`, {
        remedy: `Supported are: ${supportedRopeTypes.join(', ')}.`,
        place: { file: fields.file, field: 'rope_scaling.rope_type' },
      });
  }
}

function readYarn(scaling: ConfigFields, originalPositions: number, maxPositions: number): RotaryScaling {
  const factor = scaling.has('factor') ? scaling.number('factor') : maxPositions / originalPositions;
  return {
    kind: 'yarn',
    factor,
    originalPositions,
    betaFast: scaling.number('beta_fast', 32),
    betaSlow: scaling.number('beta_slow', 1),
    attentionFactor: scaling.has('attention_factor')
      ? scaling.number('attention_factor')
      : yarnAmplitude(scaling, factor),
    truncate: scaling.flag('truncate', true),
  };
}

/** 0.1·ln(factor)+1 (YaRN, eq. 22); DeepSeek's mscale pair replaces the 0.1 where given. */
function yarnAmplitude(scaling: ConfigFields, factor: number): number {
  const amplitude = (mscale: number): number => (factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1);
  const mscale = scaling.number('mscale', 0);
  const mscaleAllDims = scaling.number('mscale_all_dim', 0);
  return mscale !== 0 && mscaleAllDims !== 0 ? amplitude(mscale) / amplitude(mscaleAllDims) : amplitude(1);
}

function readLongRope(scaling: ConfigFields, originalPositions: number, maxPositions: number): RotaryScaling {
  const factor = scaling.has('factor') ? scaling.number('factor') : maxPositions / originalPositions;
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalPositions));
  return {
    kind: 'longrope',
    shortFactors: scaling.numbers('short_factor'),
    longFactors: scaling.numbers('long_factor'),
    originalPositions,
    attentionFactor: scaling.number('attention_factor', usual),
  };
}
