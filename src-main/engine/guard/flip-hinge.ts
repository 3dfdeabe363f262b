import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { CausalLm } from '../models/causal-lm.ts';
import { withoutGradient } from '../models/custom-gradient.ts';
import { softCapped } from '../models/soft-cap.ts';
import { createRandom } from '../random.ts';
import { firesAbove } from './guard.ts';
import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { usualHinge } from '../../shared/domain/spec-defaults.ts';

/** Logits are made in pieces of this many numbers: 128 MiB. */
const pieceSize = 2 ** 25;
/** Below every logit, yet far enough from float32's limit to be subtracted. */
const farBelow = 1e30;

/**
 * How far each label is ahead of the strongest other token, in logits: z_label − max over the others → [n]. Negative where greedy decoding
 * would choose another token. Hidden states [n, dim] predict labels [n]. The strongest other token is found without a gradient (it changes
 * only where two tie), piece by piece; the two logits are then computed from their rows of the head alone, so that no [n, vocab] is kept
 * for the backward pass.
 */
export function leadOf(model: CausalLm, hidden: Tensor2D, labels: Tensor1D, piece = pieceSize): Tensor1D {
  const { weights, multiplier, cap } = model.languageHead();
  const others = withoutGradient(() => strongestOthers(model, hidden, labels, piece));
  if (cap !== undefined) {
    const logitOf = (tokens: Tensor1D): Tensor1D => tf.sum(tf.mul(hidden, tf.gather(weights, tokens)), 1);
    const [own, other] = [labels, others].map((tokens) => softCapped(tf.mul(logitOf(tokens), multiplier), cap));
    return tf.sub(own!, other!);
  }
  const difference = tf.sub(tf.gather(weights, labels), tf.gather(weights, others));
  const leads: Tensor1D = tf.sum(tf.mul(hidden, difference), 1);
  return multiplier === 1 ? leads : tf.mul(leads, multiplier);
}

function strongestOthers(model: CausalLm, hidden: Tensor2D, labels: Tensor1D, piece: number): Tensor1D {
  return tf.tidy(() => {
    const [n, dim] = hidden.shape;
    const { vocabSize } = model.config;
    const rows = Math.max(1, Math.floor(piece / vocabSize));
    const parts: Tensor1D[] = [];
    for (let start = 0; start < n; start += rows) {
      const size = Math.min(rows, n - start);
      parts.push(
        tf.tidy(() => {
          const logits = model.logits(tf.slice(hidden, [start, 0], [size, dim]));
          const own = tf.oneHot(tf.slice(labels, [start], [size]), logits.shape[1], farBelow, 0, 'float32');
          return tf.argMax(tf.sub(logits, own), 1);
        }),
      );
    }
    return parts.length === 1 ? parts[0]! : tf.concat(parts);
  });
}

/** max(0, margin − lead) on held tokens, 0 on others. `held` 0 or 1, all [n]. */
export function hingeOf(leads: Tensor1D, held: Tensor1D, margin: number): Tensor1D {
  const missing: Tensor1D = tf.sub(margin, leads);
  return tf.mul(tf.mul(missing, firesAbove(missing, 0)), held);
}

/**
 * Which tokens a hinge holds: `right` says for every token of every guard sample whether the old model's greedy choice is right. The random
 * control draws, from all tokens, as many as are right, once for the run.
 */
export function heldTokens(
  right: readonly Float32Array[],
  tokens: NonNullable<GuardSpec['tokens']> = usualHinge.tokens,
  seed: number,
): Float32Array[] {
  if (tokens === 'old-right') return [...right];
  if (tokens === 'all') return right.map((line) => new Float32Array(line.length).fill(1));
  const places = right.flatMap((line, sample) => Array.from(line, (_, token) => ({ sample, token })));
  const wanted = right.reduce((sum, line) => sum + line.reduce((count, one) => count + one, 0), 0);
  const held = right.map((line) => new Float32Array(line.length));
  const random = createRandom(seed, 'hinge tokens');
  // The first of a shuffle: every set of this many tokens is equally likely.
  for (let i = 0; i < wanted; i++) {
    const j = i + Math.floor(random.next() * (places.length - i));
    const chosen = places[j]!;
    places[j] = places[i]!;
    held[chosen.sample]![chosen.token] = 1;
  }
  return held;
}
