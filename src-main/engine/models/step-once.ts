import * as tf from '@tensorflow/tfjs-core';
import type { LayerView } from './attention.ts';
import type { LayerAttention } from './architecture.ts';
import type { ModelConfig } from './causal-lm.ts';
import { perKind } from './decoder-views.ts';
import type { LayerContext } from './layers.ts';
import { attendStretches, type StepContext, type StretchContext, turningFactors } from './step.ts';
import { attendInRooms } from './step-in-rooms.ts';
import type { CacheSegment } from './kv-cache.ts';
import type { StepWeights } from './step-weights.ts';
import type { FusedOps } from '../ports.ts';

/** All that a step for one position per row depends on, besides the model's own variables. */
export interface StepInput {
  /** Token ids and positions within their rows, int32 [rows]. */
  ids: tf.Tensor1D;
  positions: tf.Tensor1D;
  weights: StepWeights;
  /** Cosines and sines of the rows' positions by rotation, [rows, dim/2] each. */
  rotary: ReadonlyMap<string, { cos: tf.Tensor2D; sin: tf.Tensor2D }>;
  kept: KeptStretches | KeptRooms;
}

/** A cache of tensors that are never written into. */
export interface KeptStretches {
  /**
   * Per layer a long stretch and a short one that this step writes into, each [rows, kvHeads, its length, headDim], 0 where nothing is yet;
   * keys of the long one [rows, kvHeads, headDim, its length].
   */
  segments: readonly { settled: CacheSegment; recent: CacheSegment }[];
  /** Where keys and values of this position are written in a short stretch: row, head and place of each, int32 [rows·kvHeads, 3]. */
  places: tf.Tensor2D;
  /** What its queries may see of both stretches, by a layer's window; additive, [rows, length of both]. */
  masks: ReadonlyMap<number | null, tf.Tensor2D>;
}

/** A cache that a step writes into. */
export interface KeptRooms {
  fused: FusedOps;
  /** Rotated keys, and values, [rows, kvHeads, headDim, room] each. */
  layers: readonly { keys: tf.Tensor4D; values: tf.Tensor4D }[];
  /** Positions at each row's start that it does not have, int32 [rows]. */
  padding: tf.Tensor1D;
  /** Where this position is written, int32 [1]. */
  place: tf.Tensor1D;
}

export interface StepOutput {
  /** [rows, vocab] */
  logits: tf.Tensor2D;
  /** The short stretches with this position, layer by layer; none where rooms were written into. */
  recent: CacheSegment[];
}

/** How a step attends, by what its cache is; `rotationOf` names the rotation of a kind of layer. → the cache's own results once the step is built */
export function stepOf(
  context: LayerContext & { config: ModelConfig },
  input: StepInput,
  rotationOf: (kind: LayerAttention) => string | null,
): { step: StepContext; recent: CacheSegment[] } {
  const { kept } = input;
  if ('fused' in kept) {
    const step = { ...context, fused: kept.fused };
    return { step: { ...step, attend: attendInRooms(step, input, kept, rotationOf) }, recent: [] };
  }
  const { config } = context;
  const cache = new FixedCache(kept);
  const view = perKind((kind: LayerAttention) => stepView(input, kept, kind, rotationOf(kind)));
  const views = config.architecture.layers.map(view);
  const { heads, kvHeads, headDim } = config;
  const factorsOf = perKind(({ rotary }: LayerView) =>
    rotary === null ? null : turningFactors(rotary, heads + kvHeads, headDim),
  );
  const pass: StretchContext = {
    ...context,
    ...{ batch: input.ids.shape[0], time: 1, cache, views },
    rotations: views.map(factorsOf),
  };
  const attend: StepContext['attend'] = (layer, projected) => attendStretches(pass, layer, projected);
  return { step: { ...context, attend }, recent: cache.recent };
}

/** What a layer sees of both stretches. */
function stepView(
  { ids, rotary }: StepInput,
  { masks }: KeptStretches,
  { window }: LayerAttention,
  rotation: string | null,
): LayerView {
  const [rows] = ids.shape;
  const table = rotation === null ? undefined : rotary.get(rotation);
  const mask = masks.get(window);
  if (mask === undefined) throw new Error('a layer’s window has no mask');
  const apart = (x: tf.Tensor2D) => tf.reshape(x, [rows, 1, 1, x.shape[1]]);
  return {
    rotary: table === undefined ? null : { cos: apart(table.cos), sin: apart(table.sin) },
    blocks: [],
    mask: apart(mask),
  };
}

/** A cache of stretches of fixed length, in place of one that grows. */
class FixedCache {
  readonly recent: CacheSegment[] = [];
  readonly #kept: KeptStretches;

  constructor(kept: KeptStretches) {
    this.#kept = kept;
  }

  /** Like `DecoderCache.extend`, for one position. */
  extend(layer: number, keys: tf.Tensor4D, values: tf.Tensor4D): CacheSegment[] {
    const { settled, recent } = this.#kept.segments[layer]!;
    const { places } = this.#kept;
    const write = (stretch: tf.Tensor4D, made: tf.Tensor4D) =>
      tf.tensorScatterUpdate(stretch, places, tf.reshape(made, [-1, made.shape[3]])) as tf.Tensor4D;
    const written = { keys: write(recent.keys, keys), values: write(recent.values, values) };
    this.recent[layer] = written;
    return [{ ...settled, areKeysAcross: true }, written];
  }
}
