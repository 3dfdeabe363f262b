import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { NativeOps } from '../ports.ts';
import { customGradient } from './custom-gradient.ts';

/**
 * Runs a block and keeps only its input: on the backward pass it is computed again (Chen et al. 2016). `variables`: the weights whose
 * gradients are wanted. `shared`: what the blocks of the pass share, such as masks, kept until then.
 */
export function checkpointed(
  x: Tensor2D,
  variables: readonly Variable[],
  shared: readonly Tensor[],
  run: (x: Tensor2D, shared: readonly Tensor[]) => Tensor2D,
  ops: NativeOps | undefined,
): Tensor2D {
  return customGradient<Tensor[], Tensor2D>(
    [x, ...variables],
    (input) => ({ value: run(input as Tensor2D, shared), saved: [input!, ...shared] }),
    (dy, saved) => {
      const [input, ...held] = saved as [Tensor2D, ...Tensor[]];
      // In a compiled pass nothing else would stop the second run from happening next to the first.
      const again = ops?.after?.(input, dy) ?? tf.clone(input);
      return innerGradients(() => run(again, held), [again, ...variables], dy);
    },
  );
}

/** Gradients within a gradient. tfjs has one tape at a time: the outer one is set aside, and what this run recorded is freed at its end. */
function innerGradients(run: () => Tensor2D, inputs: Tensor[], dy: Tensor2D): Tensor[] {
  const engine = tf.engine();
  const outer = engine.state.activeTape;
  try {
    const { value, grads } = engine.gradients(run, inputs, dy, true);
    value.dispose();
    return grads.map((gradient, i) => gradient ?? tf.zerosLike(inputs[i]!));
  } finally {
    engine.state.activeTape = outer;
  }
}
