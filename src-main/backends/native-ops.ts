import * as tf from '@tensorflow/tfjs-core';
import { adamSlots, type AdamSlot } from './adam.ts';
import { type AdamTogether, adamTogether } from './adam-together.ts';
import { compile, compiles, computedAfter } from './compiled.ts';
import { sparseCrossEntropy } from './cross-entropy.ts';
import { fusedOps, type FusedOps } from './fused.ts';
import { type HalfPrecision, tensorflowHalf } from './half.ts';
import { activeTensorflow } from './tensorflow.ts';
import type { Attribute, TensorflowBackend } from './binding.ts';

/**
 * Operations that the active backend does in one pass and that tfjs-core would compose from several. The engine is handed this object;
 * it never imports a backend. Nothing here is differentiable by itself: a caller wraps it in `tf.customGrad`.
 */
export interface NativeOps {
  /**
   * `loss[i] = logSumExp(logits[i]) − logits[i, labels[i]]` and its gradient with respect to the logits, `softmax(logits) − oneHot(labels)`.
   * @param logits `[n, vocabulary]` float32 @param labels `[n]` int32, each within the vocabulary
   * @returns `loss` `[n]` in nats, `grad` `[n, vocabulary]`
   */
  sparseSoftmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): { loss: tf.Tensor1D; grad: tf.Tensor2D };
  /**
   * `loss[i] = −Σ p[i]·log softmax(logits[i])` and its gradient with respect to the logits, `softmax(logits) − p`.
   * @param logits `[n, vocabulary]` float32 @param probabilities `[n, vocabulary]` float32, rows that sum to 1
   * @returns `loss` `[n]` in nats, `grad` `[n, vocabulary]`
   */
  softmaxCrossEntropy(logits: tf.Tensor2D, probabilities: tf.Tensor2D): { loss: tf.Tensor1D; grad: tf.Tensor2D };
  /** Σ x² over all elements, without writing the squares to memory. For gradient norms. */
  sumOfSquares(x: tf.Tensor): tf.Scalar;
  /** Numbers in [0, 1) by a seed, int32 [2]; absent where the backend cannot draw on the device by a seed. */
  uniform?: (shape: readonly number[], seed: tf.Tensor1D) => tf.Tensor;
  /** x, computed once `before` is there; of use in a compiled function, which orders its work by nothing else. */
  after?: <T extends tf.Tensor>(x: T, before: tf.Tensor) => T;
  /** Adam's state of a parameter, updated in place; absent where the backend has no such operation. */
  adamSlot?: (parameter: tf.Variable) => AdamSlot;
  /** Updates of many parameters, each one operation; absent where the backend compiles nothing. */
  adamTogether?: () => AdamTogether;
  /** bfloat16; absent where the backend has none. */
  half?: HalfPrecision;
  /** Norms, gates and attention as one operation each; absent where the backend has none. */
  fused?: FusedOps;
  /** Makes a computation one operation; absent where the backend compiles nothing. */
  compile?: typeof compile;
}

/** The fastest form of each operation on the backend that is active now. */
export function nativeOps(): NativeOps {
  const native = activeTensorflow();
  if (native === undefined) return composedOps;
  const [adamSlot, together, fused] = [adamSlots(), adamTogether(), fusedOps(native)];
  return {
    ...tensorflowOps(native),
    ...(adamSlot === undefined ? {} : { adamSlot }),
    ...(together === undefined ? {} : { adamTogether: together }),
    ...(fused === undefined ? {} : { fused }),
    half: tensorflowHalf(native),
    ...(compiles() ? { compile } : {}),
  };
}

/** The same operations from tfjs-core's own: what backends other than TensorFlow use. */
export const composedOps: NativeOps = {
  sparseSoftmaxCrossEntropy(logits, labels) {
    return tf.tidy(() => {
      // WebAssembly writes integers whatever type oneHot is asked for.
      const target = tf.cast(tf.oneHot(labels, logits.shape[1]), 'float32');
      return composedOps.softmaxCrossEntropy(logits, target as tf.Tensor2D);
    });
  },
  softmaxCrossEntropy(logits, probabilities) {
    const [loss, grad] = tf.tidy(() => {
      const shifted = tf.sub(logits, tf.max(logits, 1, true));
      const exponentials = tf.exp(shifted);
      const total = tf.sum(exponentials, 1, true);
      const expected = tf.sum(tf.mul(shifted, probabilities), 1);
      return [
        tf.sub(tf.log(tf.squeeze(total, [1])), expected) as tf.Tensor1D,
        tf.sub(tf.div(exponentials, total), probabilities) as tf.Tensor2D,
      ] as [tf.Tensor1D, tf.Tensor2D];
    });
    return { loss, grad };
  },
  sumOfSquares: (x) => tf.tidy(() => tf.sum(tf.square(x)) as tf.Scalar),
};

function tensorflowOps(native: TensorflowBackend): NativeOps {
  const { TF_ATTR_TYPE: type, TF_FLOAT, TF_INT32 } = native.binding;
  const attribute = (name: string, value: number): Attribute => ({ name, type, value });
  const lossAndGradient = (name: string, attributes: Attribute[], inputs: tf.Tensor[]) => {
    const [loss, grad] = native.executeMultipleOutputs(name, attributes, inputs, 2);
    if (loss === undefined || grad === undefined) throw new Error(`${name} answered too little`);
    return { loss: loss as tf.Tensor1D, grad: grad as tf.Tensor2D };
  };
  const floats = attribute('T', TF_FLOAT);
  return {
    sparseSoftmaxCrossEntropy: sparseCrossEntropy(native),
    softmaxCrossEntropy: (logits, probabilities) =>
      lossAndGradient('SoftmaxCrossEntropyWithLogits', [floats], [logits, probabilities]),
    uniform: (shape, seed) =>
      tf.tidy(() =>
        native.executeSingleOutput(
          'StatelessRandomUniform',
          [
            { name: 'dtype', type, value: TF_FLOAT },
            { name: 'T', type, value: TF_INT32 },
            { name: 'Tseed', type, value: TF_INT32 },
          ],
          [tf.tensor1d([...shape], 'int32'), seed],
        ),
      ),
    after: computedAfter,
    sumOfSquares: (x) =>
      tf.tidy(() => {
        // TensorFlow's L2Loss is half of it.
        const half = native.executeSingleOutput('L2Loss', [floats], [x]);
        return tf.mul(half, 2) as tf.Scalar;
      }),
  };
}
