import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ConfigFields } from './config-fields.ts';
import type { Rotary, RotaryScaling } from './rotary.ts';

/** Where a family reads its rotation from, and what it means if config.json does not say. */
export interface RotaryReading {
  /** Share of a head that is rotated. */
  partial?: number;
  theta?: number;
  /** The field of the base, outside an object of its own. */
  thetaField?: string;
  /** A scaling that is not given for this type of layer does not apply to it. */
  unscaled?: boolean;
  /** The original context length, whatever the scaling says. */
  originalPositions?: number;
  /** Scalings that go by another name in this family. */
  alsoCalled?: Readonly<Record<string, string>>;
}

interface RotaryContext extends RotaryReading {
  headDim: number;
  maxPositions: number;
  /** Used if each type of layer has an object of its own. */
  layerType?: string;
}

export const supportedRopeTypes = ['default', 'linear', 'dynamic', 'yarn', 'llama3', 'longrope'] as const;

/**
 * Rotary settings from either layout of config.json: `rope_parameters` (transformers 5; one object, or one for each type of layer), or
 * `rope_theta` next to `rope_scaling` (before). If both are present, `rope_scaling` is what somebody added by hand.
 */
export function readRotary(fields: ConfigFields, context: RotaryContext): Rotary {
  const written = filled(fields.object('rope_scaling')) ?? fields.object('rope_parameters');
  const byType = written?.has('full_attention') === true || written?.has('sliding_attention') === true;
  const shared = context.unscaled === true ? null : written;
  const scaling = byType ? (written?.object(context.layerType ?? 'full_attention') ?? null) : shared;
  const dim = Math.floor(context.headDim * partialOf(fields, scaling, context));
  return {
    dim,
    theta: thetaOf(fields, scaling, context),
    scaling: scaling === null ? { kind: 'none' } : readScaling(fields, scaling, context),
  };
}

function filled(object: ConfigFields | null): ConfigFields | null {
  return object === null || Object.keys(object.source).length === 0 ? null : object;
}

function thetaOf(fields: ConfigFields, scaling: ConfigFields | null, { theta, thetaField }: RotaryContext): number {
  if (scaling?.has('rope_theta') === true) return scaling.number('rope_theta');
  const field = thetaField ?? (fields.has('rotary_emb_base') ? 'rotary_emb_base' : 'rope_theta');
  return fields.number(field, theta ?? 10_000);
}

function partialOf(fields: ConfigFields, scaling: ConfigFields | null, { partial }: RotaryContext): number {
  for (const place of [scaling, fields]) {
    for (const name of ['partial_rotary_factor', 'rotary_pct'])
      if (place?.has(name) === true) return place.number(name);
  }
  return partial ?? 1;
}

function readScaling(fields: ConfigFields, scaling: ConfigFields, context: RotaryContext): RotaryScaling {
  const { maxPositions } = context;
  const written = scaling.text('rope_type', scaling.text('type', 'default'));
  const type = context.alsoCalled?.[written] ?? written;
  // transformers lets an original context length outside the scaling override the one in it.
  const outside = fields.optionalCount('original_max_position_embeddings') ?? context.originalPositions;
  const originalPositions = outside ?? scaling.count('original_max_position_embeddings', maxPositions);
  switch (type) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: scaling.number('factor') };
    case 'dynamic':
      // transformers reads the original context length from max_position_embeddings here, whatever else is given.
      return { kind: 'dynamic', factor: scaling.number('factor'), originalPositions: maxPositions };
    case 'yarn':
      return readYarn(scaling, originalPositions, maxPositions);
    case 'llama3':
      return {
        kind: 'llama3',
        factor: scaling.number('factor'),
        lowFreqFactor: scaling.number('low_freq_factor'),
        highFreqFactor: scaling.number('high_freq_factor'),
        originalPositions,
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

/** Throws `bad(field, what is wrong)` for settings that no head can be rotated by. */
export function checkRotary({ dim, scaling }: Rotary, bad: (field: string, message: string) => WorkbenchError): void {
  if (dim % 2 !== 0) throw bad('head_dim', `rotary positions need an even number of dimensions, not ${dim}`);
  if (scaling.kind !== 'longrope') return;
  for (const [field, factors] of [
    ['short_factor', scaling.shortFactors],
    ['long_factor', scaling.longFactors],
  ] as const) {
    if (factors.length === dim / 2) continue;
    throw bad(
      `rope_scaling.${field}`,
      `${field} must hold ${dim / 2} numbers, one a pair of rotated dimensions; found ${factors.length}`,
    );
  }
}
