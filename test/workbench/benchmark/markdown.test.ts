import { expect, test } from 'vitest';
import type { BenchmarkMeasure } from '../../../src-main/shared/domain/benchmark.ts';
import { benchmarkLoads } from '../../../src-main/shared/domain/benchmark.ts';
import { benchmarkMarkdown } from '../../../src-main/workbench/benchmark/markdown.ts';
import type { Benchmark } from '../../../src-main/workbench/benchmark/run-benchmark.ts';

const measure: BenchmarkMeasure = {
  ...{ backend: 'tensorflow-cuda', device: 'Big GPU', versions: { tensorflow: '2.21.0' } },
  ...{ parameters: 494e6, trained: 494e6, precision: 'bf16', checkpointing: true, compiled: 2, firstSeconds: 20 },
  ...{ seconds: 0.5, processorSeconds: 0.125, tokens: 8000, operations: 2e13 },
  ...{ productRate: 8e13, productSize: 8192, productError: 0.004, memory: { bytes: 12.5e9, of: 'device' } },
};
const torch = {
  ...{ versions: { torch: '2.13.0', trl: '1.13.0' }, device: 'Big GPU', precision: 'bf16' as const },
  ...{ seconds: 0.75, processorSeconds: 0.5, tokens: 8000, memoryBytes: 15e9 },
};
const benchmark: Benchmark = {
  backend: {
    name: 'tensorflow-cuda',
    available: true,
    device: 'Big GPU',
    versions: { tensorflow: '2.21.0' },
    notes: [],
  },
  ...{ gpu: true, missing: [], size: 'gpu', load: benchmarkLoads.gpu },
  lines: [
    { model: 'half a billion', work: 'full', own: measure, torch },
    { model: 'a | b', work: 'lora', own: { failed: 'no memory\nat all' }, torch: { failed: 'killed' } },
    { model: 'half a billion', work: 'decoding', own: { ...measure, memory: null }, torch: null },
  ],
};
const circumstances = { version: '1.2.3', at: Date.UTC(2026, 0, 2, 12), machine: 'a machine', load: 0.3, threads: 2 };

const rowsOf = (markdown: string) => markdown.split('\n').filter((line) => line.startsWith('| '));

test('a table has rates, shares of the product, memory and the ratio to TRL, and says why a line failed', () => {
  expect(rowsOf(benchmarkMarkdown(benchmark, circumstances)).slice(2)).toEqual([
    // 8,000 tokens in half a second; 2·10¹³ operations in it are 4·10¹³ a second, half of the product's rate.
    '| half a billion (494.0 M) | DPO, all weights | bf16 | 16,000 | 0.5 | 0.125 | 50.0 % | 12.5 GB (all of the GPU, checkpointing) | 10,667 | 15.0 GB | 1.50×, by processor time 4.00× |',
    '| a \\| b | DPO, LoRA | – | failed: no memory at all | – | – | – | – | failed: killed | – | – |',
    '| half a billion (494.0 M) | decoding | bf16 | 16,000 | 0.5 | 0.125 | 50.0 % | – | – | – | – |',
  ]);
});

test('says on what it was measured, and plainly when that was no GPU or the machine had other work', () => {
  const firstWords = (markdown: string) => markdown.split('\n').slice(0, 12);
  expect(firstWords(benchmarkMarkdown(benchmark, circumstances))).toEqual([
    '# FlipGuard benchmark',
    '',
    'Measured on Big GPU by tensorflow-cuda.',
    '',
    '- FlipGuard 1.2.3, 2 Jan 2026; a machine',
    '- Backend: tensorflow-cuda, tensorflow 2.21.0',
    '- A large product of matrices: 80 TFLOP/s in bf16 (8192×8192), of a small one the relative error is at most 0.004',
    '- TRL: torch 2.13.0, trl 1.13.0, on Big GPU',
    '- A step: 8 pairs, prompts of 128 tokens, responses of 192 to 384; decoding: 32 rows, 128 new tokens each, greedy',
    '- Load of the machine at the end: 0.3 on 2 threads',
    '',
    expect.stringMatching(/^\| Model/) as string,
  ]);
  const busy = benchmarkMarkdown(
    {
      ...benchmark,
      ...{ gpu: false, size: 'tiny', load: benchmarkLoads.tiny, lines: [] },
      backend: { ...benchmark.backend, name: 'wasm', device: 'a processor' },
      missing: [{ name: 'tensorflow-cuda', reason: 'no NVIDIA GPU found' }],
    },
    { ...circumstances, load: 4.2 },
  );
  expect(firstWords(busy).filter((line) => /GPU|other work/.test(line))).toEqual(
    [
      '**No GPU was measured.** No backend here sees one, so the numbers are those of the processor (a processor, wasm), with tiny shapes that say nothing about a GPU.',
      '- Not tensorflow-cuda: no NVIDIA GPU found',
      '- TRL: not measured (FLIPGUARD_TRL_PYTHON names no Python)',
      '- Load of the machine at the end: 4.2 on 2 threads – **other work ran at the same time**: times are too long, those of PyTorch, whose threads wait for each other, most of all',
    ].filter((line) => /GPU|other work/.test(line)),
  );
});
