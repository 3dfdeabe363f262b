import * as tf from '@tensorflow/tfjs-core';

/**
 * An operation with a gradient of its own: `forward` returns the value and what `gradient` will need, `gradient` one tensor per
 * input. Both are tidied. tfjs frees what a gradient function of `tf.customGrad` made only once the whole backward pass is over,
 * which adds up over the layers of a deep model.
 */
export function customGradient<Inputs extends tf.Tensor[], Value extends tf.Tensor>(
  inputs: [...Inputs],
  forward: (...inputs: Inputs) => { value: Value; saved: tf.Tensor[] },
  gradient: (dy: Value, saved: tf.Tensor[]) => tf.Tensor[],
): Value {
  const op = tf.customGrad((...all) => {
    const save = all.pop() as unknown as tf.GradSaveFunc;
    const { value, saved } = forward(...(all as tf.Tensor[] as Inputs));
    save(saved);
    return { value, gradFunc: (dy: tf.Tensor, kept: tf.Tensor[]) => tf.tidy(() => gradient(dy as Value, kept)) };
  });
  return op(...inputs) as Value;
}

/** Runs something that no gradient passes through, so that nothing of it is kept for one. */
export function withoutGradient<Result>(run: () => Result): Result {
  const { state } = tf.engine();
  state.kernelDepth += 1;
  try {
    return run();
  } finally {
    state.kernelDepth -= 1;
  }
}
