import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * tfjs keeps what the forward pass saved, and the gradient of every intermediate result, until the backward pass is over. Called at the end
 * of a loss function, while its tape is open, this frees each operation's share once the backward pass is done with it: a step's memory
 * then shrinks during the backward pass instead of growing.
 */
export function freeOnTheWayBack(): void {
  /** What some operation passed on unchanged may still be in use; the end of the pass frees it. */
  const handedOn = new Set<Tensor>();
  let passed: Tensor[] = [];
  for (const node of tf.engine().state.activeTape) {
    const gradientsOf = node.gradient;
    if (gradientsOf === undefined) continue;
    node.gradient = (dys) => {
      for (const tensor of passed) if (!handedOn.has(tensor)) tensor.dispose();
      const own = [...(dys as (Tensor | null)[]).filter((dy) => dy !== null), ...(node.saved ?? [])];
      passed = own;
      const noted = (gradient: Tensor) => {
        if (own.includes(gradient)) handedOn.add(gradient);
        return gradient;
      };
      return Object.fromEntries(
        Object.entries(gradientsOf(dys)).map(([input, gradient]) => [input, () => noted(gradient())]),
      );
    };
  }
}
