import { run } from './run.mjs';

/** NVIDIA GPUs that the driver shows, by name; empty where there is no driver. The answer decides which TensorFlow build is fetched. */
export async function nvidiaGpus(env = process.env) {
  if (env.FLIPGUARD_GPU === 'off' || env.CUDA_VISIBLE_DEVICES === '' || env.CUDA_VISIBLE_DEVICES === '-1') return [];
  if (process.platform === 'darwin') return [];
  const asked = await run('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], { env, timeoutMs: 10_000 });
  if (asked.status !== 0) return [];
  return asked.stdout
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}
