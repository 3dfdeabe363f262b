import * as tf from '@tensorflow/tfjs-core';
import type { DecoderCache } from './kv-cache.ts';
import { causalMask, paddingMask } from './mask.ts';

/** Additive mask of `time` new positions over everything seen; null when all of it may be. */
export function cacheMask(cache: DecoderCache, time: number, group: number, window: number | null): tf.Tensor | null {
  const seen = cache.length + time;
  const causal = causalMask(time, seen, group, window);
  const padding = cache.leftPadding === null ? null : paddingMask(cache.leftPadding, seen);
  return causal !== null && padding !== null ? tf.add(causal, padding) : (causal ?? padding);
}

/** What is made once for all layers that share an object. */
export function perKind<Kind extends object, Made>(make: (kind: Kind) => Made): (kind: Kind) => Made {
  const made = new Map<Kind, Made>();
  return (kind) => {
    const known = made.get(kind) ?? make(kind);
    made.set(kind, known);
    return known;
  };
}
