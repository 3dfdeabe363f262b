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
