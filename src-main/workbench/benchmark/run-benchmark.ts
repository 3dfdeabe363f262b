import { diagnoseBackends } from '../../backends/index.ts';
import type { BackendReport } from '../../backends/index.ts';
import { benchmarkShapes } from '../../shared/domain/benchmark-shapes.ts';
import { benchmarkLoads, benchmarkWorks } from '../../shared/domain/benchmark.ts';
import type {
  BenchmarkLine,
  BenchmarkLoad,
  BenchmarkMeasure,
  BenchmarkModel,
  BenchmarkWork,
  TorchMeasure,
} from '../../shared/domain/benchmark.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { BenchmarkJob } from '../../shared/domain/jobs.ts';
import { tuningSpec } from '../../shared/domain/run-spec.ts';
import { superviseTrainer } from '../../trainer/host.ts';
import type { TrainerLauncher } from '../../trainer/host.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { measureTorch } from './measure-torch.ts';
import { benchmarkPairs } from './pairs.ts';

/** The backend that is measured, as it was checked before. */
export type BenchmarkBackend = Extract<BackendReport, { available: true }>;

export interface Benchmark {
  readonly backend: BenchmarkBackend;
  /** False where the processor computes: then no GPU was measured. */
  readonly gpu: boolean;
  /** Why backends before it were not taken. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  readonly size: BenchmarkSize;
  readonly load: BenchmarkLoad;
  readonly lines: readonly BenchmarkLine[];
}

export type BenchmarkSize = keyof typeof benchmarkLoads;

export interface BenchmarkOptions {
  readonly launchTrainer: TrainerLauncher;
  /** A folder in Hugging Face layout in place of the shapes. */
  readonly model?: { readonly name: string; readonly path: string; readonly vocabSize: number } | undefined;
  /** By default as large as what computes: `tiny` on a processor. */
  readonly size?: BenchmarkSize | undefined;
  /** A Python that has TRL. */
  readonly python?: string | undefined;
  /** Asked for by name, as a run would be. */
  readonly backend?: string | undefined;
}

/**
 * Checks the backend, then measures every model and kind of work in a process of its own, one after the other, and the same work in PyTorch
 * next to it. A line that fails says why, and the others continue. It opens no workspace and no network.
 */
export async function runBenchmark(options: BenchmarkOptions, task: Task): Promise<Benchmark> {
  task.progress('checking the backends', null);
  const { backend, missing } = chosen((await diagnoseBackends()).backends, options.backend);
  const gpu = isGpu(backend);
  const size = options.size ?? (gpu ? 'gpu' : 'tiny');
  const load = benchmarkLoads[size];
  const models = modelsOf(options, size);
  const lines: BenchmarkLine[] = [];
  const total = models.length * benchmarkWorks.length;
  for (const { model, vocabSize } of models) {
    const pairs = benchmarkPairs(load, vocabSize);
    for (const work of benchmarkWorks) {
      throwIfCancelled(task);
      const job: BenchmarkJob = { kind: 'benchmark', model, work, load, pairs };
      const told = (by: string) => task.progress(`${model.name}: ${workNames[work]}, ${by}`, lines.length / total);
      told('here');
      const own = await measureOwn(options.launchTrainer, job, task);
      const torch = options.python === undefined ? null : await beside(options.python, job, own, { gpu, told, task });
      lines.push({ model: model.name, work, own, torch });
    }
  }
  return { backend, gpu, missing, size, load, lines };
}

export const workNames: Readonly<Record<BenchmarkWork, string>> = {
  full: 'DPO, all weights',
  lora: 'DPO, LoRA',
  decoding: 'decoding',
};

function modelsOf({ model }: BenchmarkOptions, size: BenchmarkSize): { model: BenchmarkModel; vocabSize: number }[] {
  if (model !== undefined) {
    const { name, path, vocabSize } = model;
    return [{ model: { kind: 'folder', name, path }, vocabSize }];
  }
  return benchmarkShapes[size].map(([name, config]) => ({
    model: { kind: 'shape', name, config },
    vocabSize: Number(config['vocab_size']),
  }));
}

function chosen(backends: readonly BackendReport[], wanted: string | undefined) {
  const open = backends.filter((backend) => backend.available);
  const backend = open.find(({ name }) => name === wanted) ?? open[0];
  if (backend === undefined) {
    throw new WorkbenchError('unavailable', 'No training backend can be opened.', {
      remedy: 'flipguard doctor says why for each.',
    });
  }
  const before = backends.slice(0, backends.indexOf(backend));
  return {
    backend,
    missing: before.flatMap((report) => (report.available ? [] : [{ name: report.name, reason: report.reason }])),
  };
}

/** WebGPU on a processor says so in its notes. */
function isGpu({ name, notes }: BenchmarkBackend): boolean {
  return name === 'tensorflow-cuda' || (name === 'webgpu' && notes.length === 0);
}

async function measureOwn(launch: TrainerLauncher, job: BenchmarkJob, task: Task): Promise<BenchmarkLine['own']> {
  let measure: BenchmarkMeasure | undefined;
  const session = superviseTrainer(launch, job, (events) => {
    for (const event of events) if (event.type === 'benchmark') measure = event.measure;
    return Promise.resolve();
  });
  const cancel = () => session.kill();
  task.signal.addEventListener('abort', cancel, { once: true });
  const end = await session.ended.finally(() => task.signal.removeEventListener('abort', cancel));
  throwIfCancelled(task);
  if (end.kind !== 'finished') return { failed: end.error.message };
  return measure ?? { failed: 'the trainer ended without a measurement' };
}

async function beside(
  python: string,
  { model, work, load, pairs }: BenchmarkJob,
  own: BenchmarkLine['own'],
  { gpu, told, task }: { gpu: boolean; told: (by: string) => void; task: Task },
): Promise<TorchMeasure | { failed: string }> {
  told('TRL');
  const lora = tuningSpec.parse({ kind: 'lora' });
  if (lora.kind !== 'lora') throw new Error('a LoRA spec is one');
  const { rank, alpha, targets } = lora;
  const measured = 'failed' in own ? null : own;
  return measureTorch(
    python,
    {
      model,
      work,
      precision: measured?.precision ?? 'float32',
      checkpointing: measured?.checkpointing ?? false,
      gpu,
      pairs,
      size: load.pairs,
      prompts: Array.from({ length: load.rows }, (_, i) => pairs[i % pairs.length]!.prompt),
      newTokens: load.newTokens,
      lora: { rank, alpha, targets: targets.includes('all-linear') ? 'all-linear' : targets },
    },
    load,
    task,
  );
}
