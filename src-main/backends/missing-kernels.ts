import * as tf from '@tensorflow/tfjs-core';

/**
 * Kernels that training needs and tfjs's WebAssembly and WebGPU backends lack, put together from ones they have.
 * Registered once per backend, and never over a kernel that the backend brings itself.
 */
export function registerMissingKernels(backendName: 'wasm' | 'webgpu'): void {
  const have = new Set(tf.getKernelsForBackend(backendName).map((kernel) => kernel.kernelName));
  for (const [kernelName, kernelFunc] of Object.entries(composed))
    if (!have.has(kernelName)) tf.registerKernel({ kernelName, backendName, kernelFunc });
}

const composed: Record<string, tf.KernelFunc> = {
  // The gradient of gather. ScatterNd adds up what falls on the same row, which is all that a segment sum is.
  UnsortedSegmentSum: ({ inputs, attrs }) => {
    const backend = tf.backend();
    const { x, segmentIds } = inputs;
    if (x === undefined || segmentIds === undefined) throw new Error('UnsortedSegmentSum needs x and segmentIds');
    const numSegments = Number(attrs?.['numSegments']);
    const rank = segmentIds.shape.length;
    const indices = call('Reshape', backend, { x: segmentIds }, { shape: [...segmentIds.shape, 1] });
    const sum = call('ScatterNd', backend, { indices, updates: x }, { shape: [numSegments, ...x.shape.slice(rank)] });
    backend.disposeData(indices.dataId);
    return sum;
  },
};

function call(
  kernelName: string,
  backend: tf.KernelBackend,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo {
  const kernel = tf.getKernel(kernelName, tf.getBackend());
  if (kernel === undefined || kernel === null) throw new Error(`${tf.getBackend()} has no ${kernelName}`);
  const result = kernel.kernelFunc({ inputs, attrs, backend });
  if (Array.isArray(result)) throw new Error(`${kernelName} answers several tensors`);
  return result;
}
