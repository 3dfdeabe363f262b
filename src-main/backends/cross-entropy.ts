import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, TensorflowBackend } from './binding.ts';
import { fusedOps } from './fused.ts';
import { activeTracer } from './tracer.ts';

export interface LossAndGradient {
  loss: tf.Tensor1D;
  grad: tf.Tensor2D;
}

/**
 * Cross-entropy at one label per row, as `NativeOps.sparseSoftmaxCrossEntropy` promises it. TensorFlow's own kernel computes e^x number
 * by number on a processor, twice. In a compiled function the same from vectorised kernels, each written over its input, takes less than
 * half of its time with the same error; run one by one they would hold several copies of the logits.
 * The fused operation goes before both where it is there.
 */
export function sparseCrossEntropy(backend: TensorflowBackend) {
  const fused = fusedOps(backend);
  if (fused !== undefined) return fused.crossEntropy;
  return (logits: tf.Tensor2D, labels: tf.Tensor1D): LossAndGradient =>
    activeTracer() === null || backend.isUsingGpuDevice
      ? oneKernel(backend, logits, labels)
      : vectorised(backend, logits, labels);
}

function oneKernel(backend: TensorflowBackend, logits: tf.Tensor2D, labels: tf.Tensor1D): LossAndGradient {
  const { TF_FLOAT, TF_INT32 } = backend.binding;
  const attributes = types(backend, { T: TF_FLOAT, Tlabels: TF_INT32 });
  const name = 'SparseSoftmaxCrossEntropyWithLogits';
  const [loss, grad] = backend.executeMultipleOutputs(name, attributes, [logits, labels], 2);
  return { loss: loss as tf.Tensor1D, grad: grad as tf.Tensor2D };
}

function vectorised(backend: TensorflowBackend, logits: tf.Tensor2D, labels: tf.Tensor1D): LossAndGradient {
  const { TF_FLOAT, TF_INT32 } = backend.binding;
  const [rows] = logits.shape;
  const highest = tf.max(logits, 1, true);
  const exponentials = tf.exp(tf.sub(logits, highest));
  const total = tf.sum(exponentials, 1, true);
  const places = tf.stack([tf.range(0, rows, 1, 'int32'), labels], 1);
  const wanted = backend.executeSingleOutput('GatherNd', types(backend, { Tparams: TF_FLOAT, Tindices: TF_INT32 }), [
    logits,
    places,
  ]);
  // Both terms are as small as their sum, so that large logits lose no digits.
  const below = tf.sub<tf.Tensor1D>(tf.reshape(highest, [rows]), wanted);
  const grad = backend.executeSingleOutput('TensorScatterSub', types(backend, { T: TF_FLOAT, Tindices: TF_INT32 }), [
    tf.div(exponentials, total),
    places,
    tf.fill([rows], 1),
  ]);
  return { loss: tf.add(below, tf.reshape(tf.log(total), [rows])), grad: grad as tf.Tensor2D };
}

function types({ binding }: TensorflowBackend, named: Readonly<Record<string, number>>): Attribute[] {
  return Object.entries(named).map(([name, value]) => ({ name, type: binding.TF_ATTR_TYPE, value }));
}
