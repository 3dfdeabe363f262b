import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Benchmark } from '../../src-main/workbench/benchmark/run-benchmark.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-bench-'));
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const quickModel = path.resolve(import.meta.dirname, '../../resources/quick-model');
const bench = (...args: string[]) => flipguard(path.join(folder, 'workspace'), 'bench', 'gpu', ...args);

test('measures a model in all kinds of work on whatever computes here, and writes the table that it prints', async () => {
  const file = path.join(folder, 'table.md');
  const answer = await bench('--model', quickModel, '--shapes', 'tiny', '--out', file, '--json');
  expect(answer).toMatchObject({ status: 0 });
  const { lines, size } = documentOf<Benchmark & { file: string }>(answer);
  expect([size, lines.map(({ model, work }) => [model, work])]).toEqual([
    'tiny',
    ['full', 'lora', 'decoding'].map((work) => ['quick-model', work]),
  ]);
  for (const { own } of lines) {
    expect(own).toMatchObject({ precision: expect.any(String) as string, seconds: expect.any(Number) as number });
    if ('failed' in own) continue;
    expect(own.productError).toBeLessThan(own.precision === 'bf16' ? 0.02 : 1e-4);
  }
  expect(readFileSync(file, 'utf8')).toMatch(/^# FlipGuard benchmark\n[\s\S]*\| quick-model \(\d/);
});

test('refuses before it measures: another file’s place, and a folder that is no model', async () => {
  const notes = path.join(folder, 'notes.md');
  writeFileSync(notes, '# My notes\n');
  expect(await bench('--out', notes)).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('is not a benchmark table') as string,
  });
  expect(readFileSync(notes, 'utf8')).toBe('# My notes\n');
  expect(await bench('--model', folder, '--out', path.join(folder, 'other.md'))).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('holds no config.json') as string,
  });
});
