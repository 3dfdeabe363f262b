/**
 * A real size on this machine: random weights of a known shape take one step, a LoRA's unless `--tuning full` is asked for, evaluate four
 * samples, are saved and loaded again. Prints the highest memory of each part next to the estimate, and fails where the two differ by more
 * than a tenth.
 *
 *   npm run test:size [-- --shape 0.5B|135M --tuning lora|full --batch 2 --length 256 --checkpointing]
 *
 * (Linux; minutes, and up to 6 GB for a LoRA on 0.5B)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { shapeOf } from '../../src-main/engine/models/shape.ts';
import type { TrainJob } from '../../src-main/shared/domain/jobs.ts';
import { isKnownShape, knownShapes } from '../../src-main/shared/domain/known-shapes.ts';
import { estimateMemory, type MemoryPhase, trainerProcess } from '../../src-main/shared/domain/memory-estimate.ts';
import { runSpecSchema, type RunSpec } from '../../src-main/shared/domain/run-spec.ts';
import { formatBytes } from '../../src-main/shared/presentation/numbers.ts';
import { writeShapeFolder } from './shape-folder.ts';

const { values: options } = parseArgs({
  options: {
    shape: { type: 'string', default: '0.5B' },
    tuning: { type: 'string', default: 'lora' },
    checkpointing: { type: 'boolean', default: false },
    batch: { type: 'string', default: '2' },
    length: { type: 'string', default: '256' },
  },
});
const allowed = 0.1;
const newTokens = 16;
if (!existsSync('/proc/self/clear_refs')) {
  console.log('Not measured: this system does not tell the highest memory of a stretch of work (Linux does).');
  process.exit(0);
}
const { shape } = options;
if (!isKnownShape(shape)) throw new Error(`--shape is one of ${Object.keys(knownShapes).join(', ')}`);
const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-size-'));
try {
  process.exitCode = run(shape);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

interface Part {
  part: string;
  seconds: number;
  peakBytes: number;
}

function run(name: keyof typeof knownShapes): number {
  const { model, config } = knownShapes[name];
  const modelPath = path.join(folder, 'model');
  writeShapeFolder(modelPath, config);
  const spec = specOf(1);
  const job = jobOf(spec, modelPath);
  const parts = [
    ...measure('train', job),
    // Saved and loaded again, in a process of its own; the record of the first continues.
    ...measure('resume', { ...job, spec: specOf(2), resume: true }).map((one) => ({
      ...one,
      part: `again: ${one.part}`,
    })),
  ];
  const estimate = estimateMemory(spec, shapeOf(readModelConfig(config)), {
    half: false,
    checkpointing: options.checkpointing,
    fused: true,
    longest: spec.batch.maxLength,
    decoding: { rows: 4, tokens: newTokens + 16 },
    processBytes: trainerProcess,
  });
  const estimated = (phase: MemoryPhase) =>
    Object.values(estimate.phases[phase]).reduce((sum, bytes) => sum + bytes, 0);
  const what = `${spec.tuning.kind === 'lora' ? 'LoRA' : 'all weights'}${options.checkpointing ? ', blocks computed twice' : ''}`;
  console.log(`${model}’s shape, ${what}, on ${spec.batch.size} pairs of ${spec.batch.maxLength} tokens, float32\n`);
  console.log('| part | seconds | peak measured | estimated | off by |\n| --- | ---: | ---: | ---: | ---: |');
  let worst = 0;
  for (const { part, seconds, peakBytes } of parts) {
    const phase = phaseOf(part);
    const own = phase === null ? null : estimated(phase);
    const off = own === null ? null : own / peakBytes - 1;
    // While loading, how much of what was read is still held is the garbage collector's choice.
    if (off !== null && phase !== 'load') worst = Math.max(worst, Math.abs(off));
    const cells = [formatBytes(own), off === null ? '' : `${off > 0 ? '+' : ''}${(100 * off).toFixed(1)} %`];
    console.log(`| ${part} | ${seconds.toFixed(1)} | ${formatBytes(peakBytes)} | ${cells.join(' | ')} |`);
  }
  const peak = Math.max(...parts.map(({ peakBytes }) => peakBytes));
  const off = estimate.peakBytes / peak - 1;
  console.log(
    `\nThe run: ${formatBytes(peak)} measured, ${formatBytes(estimate.peakBytes)} estimated (${(100 * off).toFixed(1)} %).`,
  );
  if (Math.max(worst, Math.abs(off)) <= allowed) return 0;
  console.log(`The estimate is off by more than ${100 * allowed} %.`);
  return 1;
}

/** Parts that the estimate speaks of; what is saved or scored takes less than a step. */
function phaseOf(part: string): MemoryPhase | null {
  if (part === 'load') return 'load';
  if (part.endsWith('step')) return 'step';
  return part === 'evaluate at step 0' ? 'evaluate' : null;
}

function specOf(steps: number): RunSpec {
  return runSpecSchema.parse({
    name: 'size',
    model: 'm',
    dataset: { train: 'd' },
    algorithm: { kind: 'dpo' },
    tuning: { kind: options.tuning },
    precision: 'float32',
    memory: { checkpointing: options.checkpointing },
    batch: { size: Number(options.batch), maxLength: Number(options.length) },
    optimizer: { learningRate: 1e-4 },
    steps,
  });
}

function jobOf(spec: RunSpec, modelPath: string): TrainJob {
  const long = 'Once upon a time there was a cat and a dog who played in the park all day. '.repeat(
    spec.batch.maxLength / 8,
  );
  const rows = Array.from({ length: spec.batch.size }, (_, i) => ({
    ...{ kind: 'preference', id: `row-${i}`, prompt: `Tell the story of ${i}. ` },
    ...{ chosen: long, rejected: long.toLowerCase() },
  }));
  const items = Array.from({ length: 4 }, (_, i) => ({
    ...{ kind: 'generate', id: `sample-${i}`, prompt: `Once upon a time ${i}`, target: 'cat' },
  }));
  for (const name of ['run', 'cache']) mkdirSync(path.join(folder, name));
  return {
    kind: 'train',
    runId: 'size',
    spec,
    modelPath,
    trainRowsPath: lines('rows.ndjson', rows),
    suites: [
      {
        ...{ id: 'four', name: 'four', kind: 'generate', scorer: { kind: 'contains' } },
        decoding: { temperature: 0, maxNewTokens: newTokens, seed: 0 },
        itemsPath: lines('items.ndjson', items),
      },
    ],
    runFolder: path.join(folder, 'run'),
    cacheFolder: path.join(folder, 'cache'),
    resume: false,
  };
}

function lines(name: string, objects: readonly object[]): string {
  const file = path.join(folder, name);
  writeFileSync(file, objects.map((object) => `${JSON.stringify(object)}\n`).join(''));
  return file;
}

function measure(name: string, job: TrainJob): Part[] {
  const file = path.join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(job));
  const child = spawnSync(process.execPath, [path.join(import.meta.dirname, 'part.ts'), file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 26,
  });
  if (child.status !== 0) throw new Error(`the ${name} process ended with ${child.status ?? child.signal}`);
  return child.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Part);
}
