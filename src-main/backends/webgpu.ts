import { writeSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { registerGradients } from './gradients.ts';
import { registerMissingKernels, splitLongSums } from './missing-kernels.ts';
import type { Opened } from './types.ts';

/** Dawn's flags, such as `adapter=SwiftShader` or `backend=vulkan`, separated by commas. */
const flagsVariable = 'FLIPGUARD_WEBGPU_FLAGS';

interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}

interface Gpu {
  requestAdapter(
    options?: object,
  ): Promise<{ readonly info: AdapterInfo; readonly isFallbackAdapter?: boolean } | null>;
}

interface Device extends EventTarget {
  readonly limits: { readonly maxStorageBuffersPerShaderStage: number };
}

/**
 * Opens WebGPU through Dawn, on any vendor's GPU. A software adapter is refused unless `FLIPGUARD_WEBGPU_SOFTWARE=1`: it would be slower
 * than WebAssembly, and nobody would notice.
 */
export async function openWebgpu(): Promise<Opened> {
  const gpu = await createGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('no GPU that WebGPU can use');
  const software = isSoftware(adapter.info) || adapter.isFallbackAdapter === true;
  if (software && process.env['FLIPGUARD_WEBGPU_SOFTWARE'] !== '1')
    throw new Error('only a software adapter, which is slower than WebAssembly');
  registerGradients();
  defineBrowserGlobals(gpu);
  await import('@tensorflow/tfjs-backend-webgpu');
  if (!(await tf.setBackend('webgpu'))) throw new Error('the WebGPU device does not start');
  await tf.ready();
  registerMissingKernels('webgpu');
  // The backend keeps its device where its type does not say so.
  const { device } = tf.backend() as unknown as { device: Device };
  splitLongSums(device.limits.maxStorageBuffersPerShaderStage);
  endAtFirstError(device);
  const { info } = adapter;
  return {
    device: info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'GPU',
    versions: { tfjs: tf.version_core },
    notes: software ? ['Computing on a software GPU: fit for tests only.'] : [],
    syncReads: false,
  };
}

/**
 * What the device refuses it leaves undone, and the numbers that come out are wrong: the process ends instead, with the device's words
 * last on stderr, where the host of a trainer finds them.
 */
function endAtFirstError(device: Device): void {
  device.addEventListener('uncapturederror', (event) => {
    const { message } = (event as unknown as { error: { message: string } }).error;
    writeSync(2, `WebGPU refused a step of the computation: ${message.split('\n')[0] ?? ''}\n`);
    process.exit(1);
  });
}

async function createGpu(): Promise<Gpu> {
  let dawn;
  try {
    dawn = await import('webgpu');
  } catch (error) {
    throw new Error(
      `Dawn does not load: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
      { cause: error },
    );
  }
  Object.assign(globalThis, dawn.globals);
  return dawn.create((process.env[flagsVariable] ?? '').split(',').filter(Boolean)) as unknown as Gpu;
}

/** tfjs looks for a browser's or a worker's globals before it takes WebGPU for supported. */
function defineBrowserGlobals(gpu: Gpu): void {
  // Node has a `navigator` of its own, without a GPU; it is a getter, so it is extended and not replaced.
  if (typeof navigator === 'undefined')
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  if (!('WorkerGlobalScope' in globalThis))
    Object.defineProperty(globalThis, 'WorkerGlobalScope', { value: class WorkerGlobalScope {}, configurable: true });
}

function isSoftware(info: AdapterInfo): boolean {
  return /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${info.architecture} ${info.device} ${info.description}`);
}
