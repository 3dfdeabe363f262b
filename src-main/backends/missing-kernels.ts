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

/**
 * WebGPU's AddN binds every input at once. Beyond the device's limit of buffers (8 is usual, one of them the output) Dawn refuses the
 * shader, and zeros would come out without a word. Here many are added in turns of as many as fit.
 */
export function splitLongSums(buffersPerShader: number): void {
  const kernelName = 'AddN';
  const kernel = tf.getKernel(kernelName, 'webgpu');
  const most = buffersPerShader - 1;
  tf.unregisterKernel(kernelName, 'webgpu');
  tf.registerKernel({
    ...kernel,
    kernelFunc: ({ inputs, attrs, backend }) => {
      // AddN's inputs are a list, whatever the type of kernels in general says.
      const waiting = Object.values(inputs) as tf.TensorInfo[];
      const add = (parts: tf.TensorInfo[]) =>
        kernel.kernelFunc({ inputs: parts as unknown as tf.NamedTensorInfoMap, attrs, backend }) as tf.TensorInfo;
      let sum = add(waiting.splice(0, most));
      while (waiting.length > 0) {
        const before = sum;
        sum = add([before, ...waiting.splice(0, most - 1)]);
        (backend as tf.KernelBackend).disposeData(before.dataId);
      }
      return sum;
    },
  });
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
