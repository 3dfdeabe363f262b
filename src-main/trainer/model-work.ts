import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { type ModelWork, threadsPerOperation } from '../backends/index.ts';
import { isOnPolicy } from '../shared/domain/algorithms.ts';
import { isAnswered } from '../shared/domain/evaluations.ts';
import type { TrainerJob } from '../shared/domain/jobs.ts';

/** Readies this process for its job: TensorFlow reads its number of threads when it loads. A number that the environment has stays. */
export async function setThreadsFor(job: TrainerJob): Promise<void> {
  const { work, folders } = modelWorkOf(job);
  const bytes = await Promise.all(folders.map(weightBytes));
  const threads = threadsPerOperation(work, Math.max(0, ...bytes));
  if (threads !== null) process.env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
}

/** What a job does most with which models: one that does several things is called by what larger operations pay for. */
export function modelWorkOf(job: TrainerJob): { work: ModelWork; folders: string[] } {
  switch (job.kind) {
    case 'sample':
      return { work: 'decode', folders: [job.modelPath] };
    case 'serve':
      return { work: 'decode', folders: job.models.map(({ path: folder }) => folder) };
    case 'evaluate': {
      const scores = job.suites.some(({ kind }) => !isAnswered(kind));
      const others = [job.rewardModelPath, job.old?.path].filter((folder) => folder !== undefined);
      return { work: scores ? 'score' : 'decode', folders: [job.modelPath, ...others] };
    }
    case 'train': {
      const others = [job.referencePath, job.rewardModelPath].filter((folder) => folder !== undefined);
      const work = isOnPolicy(job.spec.algorithm) ? 'train-on-policy' : 'train';
      return { work, folders: [job.modelPath, ...others] };
    }
    case 'estimate':
    case 'gradient-products':
    case 'benchmark':
      return { work: 'train', folders: [] };
    case 'ledger':
    case 'ches':
    case 'margins':
    case 'merge':
    case 'merge-models':
      return { work: 'score', folders: [] };
  }
}

/** Bytes of a folder's weights as they will be in memory, or less; a folder that is not there yet may be of any size. */
async function weightBytes(folder: string): Promise<number> {
  try {
    const names = (await readdir(folder)).filter((name) => /\.(safetensors|bin)$/.test(name));
    if (names.length === 0) return Number.POSITIVE_INFINITY;
    const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
    return sizes.reduce((total, size) => total + size, 0);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
