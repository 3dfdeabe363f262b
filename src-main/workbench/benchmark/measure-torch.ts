import { medianOf, tokensOfStep } from '../../shared/domain/benchmark.ts';
import type { BenchmarkLoad, TorchMeasure } from '../../shared/domain/benchmark.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { startTorch } from './torch.ts';
import type { TorchAnswer, TorchJob } from './torch.ts';

/** Decodings that are timed. */
const decodings = 3;

/** The same work in PyTorch: warmed up on the same batches, then the median. What fails is told, not thrown. */
export async function measureTorch(
  python: string,
  job: TorchJob,
  load: BenchmarkLoad,
  task: Task,
): Promise<TorchMeasure | { failed: string }> {
  try {
    const torch = await startTorch(python, job, task.signal);
    try {
      const [warm, timed] = job.work === 'decoding' ? [1, decodings] : [2 * load.batches, load.steps];
      const answers: TorchAnswer[] = [];
      for (let i = 0; i < warm + timed; i++) {
        const answer = await torch.take();
        if (i >= warm) answers.push(answer);
      }
      const { versions, device, precision } = torch.ready;
      return {
        ...{ versions, device, precision },
        seconds: medianOf(answers.map(({ seconds }) => seconds)),
        processorSeconds: medianOf(answers.map(({ processor }) => processor)),
        tokens: job.work === 'decoding' ? load.rows * load.newTokens : tokensOfStep(job.pairs, load),
        memoryBytes: Math.max(...answers.map(({ memoryBytes }) => memoryBytes)),
      };
    } finally {
      await torch.close();
    }
  } catch (error) {
    throwIfCancelled(task);
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}
