import { spawn } from 'node:child_process';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { BenchmarkModel, BenchmarkPair, BenchmarkWork } from '../../shared/domain/benchmark.ts';
import { makeTemporaryFolder } from '../../system/temporary-folder.ts';

/** Names a Python that has TRL. */
export const trlPython = 'FLIPGUARD_TRL_PYTHON';

/** A pair, with the log-probs of its responses under the reference where its loss shall be the one of both programs. */
export type TorchPair = BenchmarkPair & { refChosen?: number; refRejected?: number };

export interface TorchJob {
  model: Pick<BenchmarkModel, 'kind'> & { path?: string; config?: Record<string, unknown> };
  work: BenchmarkWork;
  precision: 'float32' | 'bf16';
  checkpointing: boolean;
  gpu: boolean;
  pairs: readonly TorchPair[];
  /** Pairs a step. */
  size: number;
  prompts: readonly (readonly number[])[];
  newTokens: number;
  lora: { rank: number; alpha: number; targets: string | readonly string[] };
}

const readySchema = z.object({
  ready: z.literal(true),
  threads: z.number(),
  versions: z.record(z.string(), z.string()),
  device: z.string(),
  precision: z.enum(['float32', 'bf16']),
});
const answerSchema = z.object({
  seconds: z.number(),
  processor: z.number(),
  memoryBytes: z.number(),
  loss: z.number().optional(),
});
export type TorchAnswer = z.output<typeof answerSchema>;

/** PyTorch and TRL at work in a process of their own. */
export interface TorchProcess {
  readonly ready: z.output<typeof readySchema>;
  /** One step, or one decoding. */
  take(): Promise<TorchAnswer>;
  close(): Promise<void>;
}

/**
 * Starts the Python with `resources/benchmark/torch_work.py`.
 * @throws Error with the last line it wrote, when it ends before it is ready or in the middle of its work
 */
export async function startTorch(python: string, job: TorchJob, signal?: AbortSignal): Promise<TorchProcess> {
  const folder = await makeTemporaryFolder('flipguard-bench-');
  const [jobFile, script] = [path.join(folder, 'job.json'), path.join(folder, 'torch_work.py')];
  await fs.writeFile(jobFile, JSON.stringify(job));
  // A packaged application holds its resources in an archive that Python cannot read.
  await fs.writeFile(script, await readScript());
  const child = spawn(python, [script, jobFile], { stdio: ['pipe', 'pipe', 'pipe'], ...(signal && { signal }) });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
  // What a child that has ended does not read any more is told by the end of its answers.
  child.stdin.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    child.on('error', (error) => (said += `\n${error.message}`));
    child.on('close', () => resolve());
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) {
        await closed;
        throw new Error(said.trim().split('\n').at(-1) || `${python} ended without a word`);
      }
      if (value.startsWith('{')) return JSON.parse(value) as unknown;
    }
  };
  async function close(): Promise<void> {
    child.stdin.end();
    child.kill();
    await closed;
    await fs.rm(folder, { recursive: true, force: true });
  }
  try {
    const ready = readySchema.parse(await answer());
    return {
      ready,
      async take() {
        child.stdin.write('go\n');
        return answerSchema.parse(await answer());
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** From the sources, or from a bundle, whose modules are one folder up or not. */
async function readScript(): Promise<string> {
  const [inside, above] = ['../../../', '../../'].map((up) =>
    fileURLToPath(new URL(`${up}resources/benchmark/torch_work.py`, import.meta.url)),
  ) as [string, string];
  return fs.readFile(inside, 'utf8').catch(() => fs.readFile(above, 'utf8'));
}
