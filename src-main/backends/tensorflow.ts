import { Module, createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorflowBackend } from './binding.ts';
import { nvidiaGpus, processorName } from './device-names.ts';
import { spreadSums } from './gradients.ts';
import { registerGather } from './gather.ts';
import { defineRemovedNodeFunctions } from './node-shims.ts';
import { gainsByOneDnn } from './processor.ts';
import type { Opened } from './types.ts';

/**
 * Opens TensorFlow's native library. It is loaded by `require` at this point and not by an import, so that a machine without it loses
 * nothing but this backend. A process that has loaded it keeps the device it first saw.
 */
export async function openTensorflow(device: 'cuda' | 'cpu'): Promise<Opened> {
  // Before the library is loaded: it reads them once, then.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= gainsByOneDnn() ? '1' : '0';
  if (device === 'cuda') {
    // Asking the driver first spares a slow start where there is no GPU.
    if ((await nvidiaGpus()).length === 0) throw new Error('no NVIDIA GPU found');
    process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  } else if (!isLoaded()) process.env['CUDA_VISIBLE_DEVICES'] = '-1';
  const backend = await load();
  if (device === 'cuda' && !backend.isUsingGpuDevice)
    throw new Error('the TensorFlow library at hand does not see the GPU');
  if (device === 'cpu' && backend.isUsingGpuDevice)
    throw new Error('TensorFlow was opened on the GPU before, in this process');
  return {
    device: device === 'cuda' ? ((await nvidiaGpus())[0]?.name ?? 'NVIDIA GPU') : processorName(),
    versions: { tfjs: tf.version_core, tensorflow: backend.binding.TF_Version, ...settings(backend) },
    notes: [],
    syncReads: true,
  };
}

/** How the library computes, next to its version: both move speed, and rounding. */
function settings(backend: TensorflowBackend): Record<string, string> {
  const { binding } = backend;
  return {
    oneDNN: process.env['TF_ENABLE_ONEDNN_OPTS'] === '1' ? 'on' : 'off',
    compiledSteps: binding.traceBegin === undefined ? 'off' : 'on',
    ...(backend.isUsingGpuDevice ? {} : { fusedOperations: binding.fusedOperations ?? 'off' }),
    ...(backend.isUsingGpuDevice ? {} : { smallModelsDecode: 'on one thread' }),
  };
}

/** The native backend while it is the active one. */
export function activeTensorflow(): TensorflowBackend | undefined {
  return tf.getBackend() === 'tensorflow' ? asTensorflow(tf.backend()) : undefined;
}

function isLoaded(): boolean {
  return tf.findBackendFactory('tensorflow') !== null;
}

async function load(): Promise<TensorflowBackend> {
  if (!isLoaded()) {
    defineRemovedNodeFunctions();
    try {
      requireTfjsNode();
      spreadSums();
      registerGather(() => asTensorflow(tf.backend()));
    } catch (error) {
      throw new Error(loadFailure(error), { cause: error });
    }
  }
  await tf.setBackend('tensorflow');
  return asTensorflow(tf.backend());
}

/**
 * tfjs-node looks for its native half next to itself, by a package that it asks. An application whose own folder is read-only names
 * another place in `FLIPGUARD_BINDING_DIR`; then that is what it hears.
 */
function requireTfjsNode(): void {
  const require = createRequire(import.meta.url);
  const folder = process.env['FLIPGUARD_BINDING_DIR'];
  if (folder !== undefined && folder !== '') {
    const file = path.resolve(folder, 'tfjs_binding.node');
    const finder = createRequire(require.resolve('@tensorflow/tfjs-node-gpu')).resolve('@mapbox/node-pre-gyp');
    require.cache[finder] = Object.assign(new Module(finder), { exports: { find: () => file }, loaded: true });
  }
  require('@tensorflow/tfjs-node-gpu');
}

function asTensorflow(backend: tf.KernelBackend): TensorflowBackend {
  // tfjs-node registered it under this name; its class is not exported.
  return backend as unknown as TensorflowBackend;
}

function loadFailure(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/native addon module .* can not be found/s.test(text))
    return 'the native library is not set up (`npx flipguard doctor --fix`)';
  return `the native library does not load: ${text.split('\n')[0] ?? text}`;
}
