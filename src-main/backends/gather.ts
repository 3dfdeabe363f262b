import * as tf from '@tensorflow/tfjs-core';
import type { TensorflowBackend } from './binding.ts';

/**
 * GatherV2 as TensorFlow has it. tfjs-node's own kernel reads the indices back to check their range, which on a GPU waits for all
 * that was asked of it before; TensorFlow checks them itself on a processor, and answers zeros on a GPU.
 */
export function registerGather(backendNow: () => TensorflowBackend): void {
  const [kernelName, backendName] = ['GatherV2', 'tensorflow'];
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const backend = backendNow();
      const { x, indices } = inputs;
      if (x === undefined || indices === undefined) throw new Error('GatherV2 needs x and indices');
      const { binding } = backend;
      const type = binding.TF_ATTR_TYPE;
      return tf.tidy(() =>
        backend.executeSingleOutput(
          kernelName,
          [
            { name: 'batch_dims', type: binding.TF_ATTR_INT, value: Number(attrs?.['batchDims'] ?? 0) },
            { name: 'Tparams', type, value: typeOf(x, binding) },
            { name: 'Tindices', type, value: typeOf(indices, binding) },
            { name: 'Taxis', type, value: binding.TF_INT32 },
          ],
          [x, indices, tf.scalar(Number(attrs?.['axis'] ?? 0), 'int32')],
        ),
      );
    },
  });
}

const typeOf = ({ dtype }: tf.TensorInfo, binding: { TF_FLOAT: number; TF_INT32: number; TF_BOOL: number }): number => {
  switch (dtype) {
    case 'int32':
      return binding.TF_INT32;
    case 'bool':
      return binding.TF_BOOL;
    default:
      return binding.TF_FLOAT;
  }
};
