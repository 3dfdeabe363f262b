import * as tf from '@tensorflow/tfjs-core';
import { registerGradients } from './gradients.ts';
import { registerMissingKernels } from './missing-kernels.ts';
import { processorName } from './device-names.ts';
import type { Opened } from './types.ts';
import { speedUpWasm } from './wasm-kernels.ts';

/** WebAssembly: runs everywhere, at a small fraction of the native library's speed. */
export async function openWasm(): Promise<Opened> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  registerGradients();
  await quietCpuBackend();
  if (!(await tf.setBackend('wasm'))) throw new Error('the WebAssembly module does not start');
  await tf.ready();
  registerMissingKernels('wasm');
  speedUpWasm();
  return {
    device: processorName(1),
    versions: { tfjs: tf.version_core, wasm: wasm.version_wasm },
    notes: [
      'Computing in WebAssembly, on one thread: several times slower than the native library, fit for small models only.',
    ],
    syncReads: true,
  };
}

/** Plain JavaScript: the last resort, and the reference that other backends are compared with. */
export async function openCpu(): Promise<Opened> {
  registerGradients();
  await quietCpuBackend();
  if (!(await tf.setBackend('cpu'))) throw new Error('the JavaScript backend does not start');
  await tf.ready();
  return {
    device: processorName(1),
    versions: { tfjs: tf.version_core },
    notes: ['Computing in plain JavaScript: hundreds of times slower than the native library, fit for tests only.'],
    syncReads: true,
  };
}

/** Imports the backend and spares the user its advertisement, which would go to stderr at the first tensor. */
async function quietCpuBackend(): Promise<void> {
  await import('@tensorflow/tfjs-backend-cpu');
  const backend: object = tf.engine().registryFactory['cpu'] === undefined ? {} : tf.findBackend('cpu');
  if ('firstUse' in backend) backend.firstUse = false;
}
