import * as tf from '@tensorflow/tfjs-core';
import { activeTensorflow } from './tensorflow.ts';
import type { OpAttribute, TensorflowBackend } from './tensorflow.ts';

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
  /** Σ x² over all elements, without writing the squares to memory. For gradient norms. */
  sumOfSquares(x: tf.Tensor): tf.Scalar;
}

/** The fastest form of each operation on the backend that is active now. */
export function nativeOps(): NativeOps {
  const native = activeTensorflow();
  return native === undefined ? composedOps : tensorflowOps(native);
}

/** The same operations from tfjs-core's own: what backends other than TensorFlow use. */
export const composedOps: NativeOps = {
  sparseSoftmaxCrossEntropy(logits, labels) {
    const [loss, grad] = tf.tidy(() => {
      const vocabulary = logits.shape[1];
      const shifted = tf.sub(logits, tf.max(logits, 1, true));
      const exponentials = tf.exp(shifted);
      const total = tf.sum(exponentials, 1, true);
      // WebAssembly writes integers whatever type oneHot is asked for.
      const target = tf.cast(tf.oneHot(labels, vocabulary), 'float32');
      const picked = tf.sum(tf.mul(shifted, target), 1);
      return [
        tf.sub(tf.log(tf.squeeze(total, [1])), picked) as tf.Tensor1D,
        tf.sub(tf.div(exponentials, total), target) as tf.Tensor2D,
      ] as [tf.Tensor1D, tf.Tensor2D];
    });
    return { loss, grad };
  },
  sumOfSquares: (x) => tf.tidy(() => tf.sum(tf.square(x)) as tf.Scalar),
};

function tensorflowOps(native: TensorflowBackend): NativeOps {
  const { TF_ATTR_TYPE: type, TF_FLOAT, TF_INT32 } = native.binding;
  const attribute = (name: string, value: number): OpAttribute => ({ name, type, value });
  return {
    sparseSoftmaxCrossEntropy(logits, labels) {
      const attributes = [attribute('T', TF_FLOAT), attribute('Tlabels', TF_INT32)];
      const [loss, grad] = native.executeMultipleOutputs(
        'SparseSoftmaxCrossEntropyWithLogits',
        attributes,
        [logits, labels],
        2,
      );
      if (loss === undefined || grad === undefined)
        throw new Error('SparseSoftmaxCrossEntropyWithLogits answered too little');
      return { loss: loss as tf.Tensor1D, grad: grad as tf.Tensor2D };
    },
    sumOfSquares: (x) =>
      tf.tidy(() => {
        // TensorFlow's L2Loss is half of it.
        const half = native.executeSingleOutput('L2Loss', [attribute('T', TF_FLOAT)], [x]);
        return tf.mul(half, 2) as tf.Scalar;
      }),
  };
}
