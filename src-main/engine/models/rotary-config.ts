import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ConfigFields } from './config-fields.ts';
import type { Rotary, RotaryScaling } from './rotary.ts';

/** Where a family reads its rotation from, and what it means if config.json does not say. */
export interface RotaryReading {
  /** Where only a share of a head is rotated: the field that says which, outside an object of its own, and the usual share. */
  partial?: readonly [field: string, usual: number];
  theta?: number;
  /** The field of the base, outside an object of its own. */
  thetaField?: string;
  /** Each type of layer has an object of its own; a scaling that is not in one of them is that of layers without a window. */
  byLayerType?: boolean;
  /** The original context length, whatever the scaling says. */
  originalPositions?: number;
  /** The one scaling that this family has. */
  only?: string;
  /** Scalings that go by another name in this family. */
  alsoCalled?: Readonly<Record<string, string>>;
}

interface RotaryContext extends RotaryReading {
  headDim: number;
  maxPositions: number;
  layerType?: LayerType;
}

const layerTypes = ['full_attention', 'sliding_attention'] as const;
type LayerType = (typeof layerTypes)[number];

export const supportedRopeTypes = ['default', 'linear', 'dynamic', 'yarn', 'llama3', 'longrope'] as const;

/**
 * Rotary settings from either layout of config.json: `rope_parameters` (transformers 5; one object, or one for each type of layer), or
 * `rope_theta` next to `rope_scaling` (before). If both are present, `rope_scaling` is what somebody added by hand.
 */
export function readRotary(fields: ConfigFields, context: RotaryContext): Rotary {
  const [parameters = null, added = null] = ['rope_parameters', 'rope_scaling'].map((name) =>
    filled(fields.object(name)),
  );
  checkLayout(fields, context, parameters, added);
  const scaling =
    context.byLayerType === true ? ofLayerType(context.layerType, parameters, added) : (added ?? parameters);
  const dim = Math.floor(context.headDim * partialOf(fields, scaling, context));
  return {
    dim,
    theta: thetaOf(fields, scaling, context),
    scaling: scaling === null ? { kind: 'none' } : readScaling(fields, scaling, context),
  };
}

/** Refuses settings in a place where transformers does not look for them. */
function checkLayout(
  fields: ConfigFields,
  { byLayerType = false }: RotaryContext,
  parameters: ConfigFields | null,
  added: ConfigFields | null,
): void {
  const isByType = (object: ConfigFields | null) => layerTypes.some((type) => object?.has(type) === true);
  const misplaced =
    parameters !== null && isByType(parameters) !== byLayerType
      ? 'rope_parameters'
      : isByType(added)
        ? 'rope_scaling'
        : null;
  if (misplaced === null) return;
  const message = `${fields.file}: ${misplaced} is not laid out as this family has it`;
  throw new WorkbenchError('bad-input', message, {
    remedy: byLayerType
      ? `Write rope_parameters with one object each for ${layerTypes.join(' and ')}, and no rope_scaling.`
      : `Write rope_parameters as one object for all layers.`,
    place: { file: fields.file, field: misplaced },
  });
}

/** The object of one type of layer; `rope_scaling` adds to that of layers without a window, and overrides it. */
function ofLayerType(
  layerType: LayerType = 'full_attention',
  parameters: ConfigFields | null,
  added: ConfigFields | null,
): ConfigFields | null {
  const own = parameters?.object(layerType) ?? null;
  if (layerType === 'sliding_attention' || added === null) return own;
  return own === null ? added : added.over(own);
}

function filled(object: ConfigFields | null): ConfigFields | null {
  return object === null || Object.keys(object.source).length === 0 ? null : object;
}

function thetaOf(fields: ConfigFields, scaling: ConfigFields | null, { theta, thetaField }: RotaryContext): number {
  if (scaling?.has('rope_theta') === true) return scaling.number('rope_theta');
  return fields.number(thetaField ?? 'rope_theta', theta ?? 10_000);
}

function partialOf(fields: ConfigFields, scaling: ConfigFields | null, { partial }: RotaryContext): number {
  const field = 'partial_rotary_factor';
  if (partial !== undefined) {
    return scaling?.has(field) === true ? scaling.number(field) : fields.number(...partial);
  }
  // Versions of transformers differ in what they make of it: some rotate the whole head, some stop.
  for (const place of [scaling, fields]) {
    if (place === null || place.number(field, 1) === 1) continue;
    const message = `${fields.file}: the rotation of a part of each head is not supported in this family`;
    throw new WorkbenchError('unsupported', message, {
      remedy: `Remove ${place.path(field)} if the model was trained with heads rotated whole, as transformers does for this family.`,
      place: { file: fields.file, field: place.path(field) },
    });
  }
  return 1;
}

function readScaling(fields: ConfigFields, scaling: ConfigFields, context: RotaryContext): RotaryScaling {
  const { maxPositions } = context;
  const written = scaling.text('rope_type', scaling.text('type', 'default'));
  const called = context.alsoCalled?.[written] ?? written;
  const type = called === 'default' || context.only === undefined || context.only === called ? called : null;
  // transformers lets an original context length outside the scaling override the one in it, unless types of layers have their own.
  const outside =
    context.byLayerType === true
      ? undefined
      : (fields.optionalCount('original_max_position_embeddings') ?? context.originalPositions);
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
      return readYarn(scaling, originalPositions, context);
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
      throw new WorkbenchError('unsupported', `${fields.file}: rotary scaling of type “${written}” is not supported`, {
        remedy: `Supported are: ${(context.only === undefined ? supportedRopeTypes : ['default', context.only]).join(', ')}.`,
        place: { file: fields.file, field: 'rope_scaling.rope_type' },
      });
  }
}

function readYarn(
  scaling: ConfigFields,
  originalPositions: number,
  { maxPositions, byLayerType = false }: RotaryContext,
): RotaryScaling {
  if (byLayerType && !scaling.flag('truncate', true)) {
    const message = `${scaling.file}: truncate is read differently by versions of transformers where types of layers have their own rotation`;
    throw new WorkbenchError('unsupported', message, {
      remedy: 'Only models that leave it out, or have true there, are supported.',
      place: { file: scaling.file, field: scaling.path('truncate') },
    });
  }
  const factor = scaling.has('factor') ? scaling.number('factor') : maxPositions / originalPositions;
  return {
    kind: 'yarn',
    factor,
    originalPositions,
    // As in transformers, 0 is no value.
    betaFast: scaling.number('beta_fast', 0) || 32,
    betaSlow: scaling.number('beta_slow', 0) || 1,
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
