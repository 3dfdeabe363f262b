import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { Gradients } from './adamw.ts';
import { disposeGradients } from './gradients.ts';

/** The result of combining an update's gradient with a guard's. */
export interface Met {
  gradients: Gradients;
  /** Of what is applied. */
  norm: number;
  /** Between the two gradients, over the parameters of both; 0 where one of them is 0. */
  cosine: number;
  /** Share of the update's squared norm that was taken out. */
  removed: number;
}

/**
 * An update's gradient g under a guard's gradient r; takes over both, and leaves parameters that the guard does not reach as they are.
 * - `project`: g − (g·r / r·r) r where g·r < 0, else g: A-GEM (Chaudhry et al. 2019, equation 11). To first order such a step does not
 *   raise the guard's loss.
 * - `agree`: coordinates in which the two signs differ become 0; where r is 0, g stays.
 */
export async function meet(own: Gradients, guard: Gradients, how: 'project' | 'agree'): Promise<Met> {
  const [dot, guardSquare, ownSquare] = await products(own, guard);
  const cosine = guardSquare > 0 && ownSquare > 0 ? dot / Math.sqrt(guardSquare * ownSquare) : 0;
  const factor = dot < 0 && guardSquare > 0 ? dot / guardSquare : 0;
  const gradients: Gradients = new Map();
  for (const [name, gradient] of own) {
    const other = guard.get(name);
    if (other === undefined || (how === 'project' && factor === 0)) gradients.set(name, gradient);
    else {
      const combined = tf.tidy(() =>
        how === 'project'
          ? tf.sub(gradient, tf.mul(other, factor))
          : tf.where(tf.less(tf.mul(gradient, other), 0), tf.zerosLike(gradient), gradient),
      );
      gradients.set(name, combined);
      gradient.dispose();
    }
  }
  disposeGradients(guard);
  const [, , left] = await products(gradients, new Map());
  return { gradients, norm: Math.sqrt(left), cosine, removed: ownSquare > 0 ? Math.max(0, 1 - left / ownSquare) : 0 };
}

/** own·guard over what both have, guard·guard, own·own. */
async function products(own: Gradients, guard: Gradients): Promise<[number, number, number]> {
  const sums = tf.tidy(() => {
    const total = (scalars: Scalar[]) => (scalars.length === 0 ? tf.scalar(0) : tf.addN(scalars));
    const both = [...own].flatMap(([name, gradient]) => {
      const other = guard.get(name);
      return other === undefined ? [] : [summed(() => tf.mul(gradient, other))];
    });
    const square = (gradients: Gradients) => [...gradients.values()].map((one) => summed(() => tf.square(one)));
    return tf.stack([total(both), total(square(guard)), total(square(own))]) as Tensor1D;
  });
  const [dot = 0, guardSquare = 0, ownSquare = 0] = await sums.data();
  sums.dispose();
  return [dot, guardSquare, ownSquare];
}

/** The sum of what is made, which is freed before the next parameter's is made. */
function summed(make: () => Tensor): Scalar {
  return tf.tidy(() => tf.sum(make()) as Scalar);
}
