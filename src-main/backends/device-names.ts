import { execFile } from 'node:child_process';
import os from 'node:os';
import { promisify } from 'node:util';

export function processorName(threads = os.availableParallelism()): string {
  const model = os.cpus()[0]?.model.replace(/\s+/g, ' ').trim();
  return `${model === undefined || model === '' ? os.arch() : model}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

export interface NvidiaGpu {
  readonly name: string;
  readonly memoryMiB: number;
  readonly driver: string;
}

/** The NVIDIA GPUs that the driver shows; none where there is no driver. */
export async function nvidiaGpus(): Promise<NvidiaGpu[]> {
  try {
    const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 10_000 });
    return stdout
      .split('\n')
      .map((line) => line.split(',').map((field) => field.trim()))
      .filter((fields) => fields.length === 3)
      .map(([name = '', memory = '', driver = '']) => ({ name, memoryMiB: Number(memory), driver }));
  } catch {
    return [];
  }
}

/** Memory a computation may take: the GPU's, where one computes, else what the machine has free. */
export async function freeDeviceBytes(backend: string): Promise<number> {
  const [gpu] = backend === 'tensorflow-cuda' ? await nvidiaGpus() : [];
  return gpu === undefined ? os.freemem() : gpu.memoryMiB * 2 ** 20;
}

/** Memory that a computation holds at its highest; `of` says whose. */
export interface MemoryTaken {
  readonly bytes: number;
  readonly of: 'process' | 'device';
}

/**
 * The most memory this process has held where it computes; null where nobody tells. TensorFlow gives nothing back to an NVIDIA GPU before
 * the process ends, so what the driver shows now is the most there was. Within a container it may show no processes; then it is all that
 * is taken of the GPU.
 */
export async function deviceMemoryTaken(backend: string): Promise<MemoryTaken | null> {
  if (backend === 'tensorflow-cuda') return nvidiaMemoryTaken();
  // `maxRSS` is in KiB.
  return backend === 'webgpu' ? null : { bytes: process.resourceUsage().maxRSS * 1024, of: 'process' };
}

async function nvidiaMemoryTaken(): Promise<MemoryTaken | null> {
  const processes = await nvidiaNumbers('--query-compute-apps=pid,used_memory');
  const own = processes.find(([pid]) => pid === process.pid)?.[1];
  if (own !== undefined && own > 0) return { bytes: own * 2 ** 20, of: 'process' };
  const [all] = await nvidiaNumbers('--query-gpu=memory.used');
  const taken = all?.[0];
  return taken === undefined || !(taken > 0) ? null : { bytes: taken * 2 ** 20, of: 'device' };
}

/** Lines of numbers that `nvidia-smi` answers; none where it fails. */
async function nvidiaNumbers(query: string): Promise<number[][]> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [query, '--format=csv,noheader,nounits'], {
      timeout: 10_000,
    });
    return stdout
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => line.split(',').map((field) => Number(field.trim())));
  } catch {
    return [];
  }
}
