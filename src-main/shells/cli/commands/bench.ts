import * as fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { writeWhole } from '../../../system/whole-file.ts';
import { benchmarkHeading, benchmarkMarkdown } from '../../../workbench/benchmark/markdown.ts';
import { findBenchmarkModel } from '../../../workbench/benchmark/model-folder.ts';
import { runBenchmark } from '../../../workbench/benchmark/run-benchmark.ts';
import type { BenchmarkSize } from '../../../workbench/benchmark/run-benchmark.ts';
import { trlPython } from '../../../workbench/benchmark/torch.ts';
import { version } from '../../../workbench/version.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import { requireWritable } from '../own-files.ts';
import type { ExitStatus } from '../exit-status.ts';

export interface BenchFlags {
  model?: string;
  shapes?: BenchmarkSize;
  out?: string;
}

export async function benchCommand(
  { terminal, task, launchTrainer }: CommandContext,
  { model, shapes, out = 'flipguard-bench.md' }: BenchFlags,
): Promise<ExitStatus> {
  const file = path.resolve(out);
  await requireWritable(file);
  await refuseForeignFile(file);
  const benchmark = await runBenchmark(
    {
      launchTrainer: await launchTrainer(),
      model: model === undefined ? undefined : await findBenchmarkModel(path.resolve(model)),
      size: shapes,
      python: process.env[trlPython] || undefined,
      backend: process.env['FLIPGUARD_BACKEND'],
    },
    task,
  );
  const [processor] = os.cpus();
  const markdown = benchmarkMarkdown(benchmark, {
    version,
    at: Date.now(),
    machine: `${process.platform}-${process.arch}, ${processor?.model.trim() ?? 'unknown processor'}, ${os.availableParallelism()} threads, node ${process.versions.node}`,
    load: os.loadavg()[0] ?? 0,
    threads: os.availableParallelism(),
  });
  await writeWhole(file, markdown);
  terminal.settle();
  terminal.document({ ...benchmark, file });
  terminal.print(markdown);
  terminal.note(`Written to ${file}.`);
  return benchmark.lines.some(({ own }) => 'failed' in own) ? exitStatus.no : exitStatus.ok;
}

/** Said before minutes of measuring: a table of before is replaced, nobody else's file is. */
async function refuseForeignFile(file: string): Promise<void> {
  const before = await fs.readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (before === null || before.startsWith(benchmarkHeading)) return;
  throw new WorkbenchError('conflict', `${file} exists and is not a benchmark table.`, {
    remedy: 'Choose another file with --out.',
    place: { file },
  });
}
