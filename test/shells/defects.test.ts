import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { flipguard } from '../helpers/cli.ts';
import { temporaryFolder, writeEvaluation } from '../helpers/workbench.ts';

const child = path.join(import.meta.dirname, 'defects-child.ts');

function start(defect: string): Promise<{ status: unknown; out: string; log: string }> {
  const cache = temporaryFolder();
  return new Promise((resolve) => {
    execFile(process.execPath, [child, defect], { env: { ...process.env, FLIPGUARD_CACHE: cache } }, (error, out) => {
      const file = path.join(cache, 'defects.log');
      expect(statSync(file).mode & 0o777).toBe(0o600);
      resolve({ status: error?.code ?? 0, out: out.replaceAll(file, 'LOG'), log: readFileSync(file, 'utf8') });
    });
  });
}

test('an exception that nobody caught is written down, what is open is closed, and the program ends', async () => {
  const { status, out, log } = await start('exception');
  expect({ status, out }).toEqual({
    status: 3,
    out: 'said: The workbench met a defect and ends; runs stop with a checkpoint. What happened is in LOG.\nclosed\n',
  });
  expect(log).toMatch(/uncaught exception\nSyntaxError: .*\n +at /);
});

test('a promise that nobody took is written down and said, and the program continues', async () => {
  const { status, out, log } = await start('rejection');
  expect({ status, out }).toEqual({
    status: 0,
    out: 'said: Something failed that should not have. What happened is in LOG.\nstill here true\n',
  });
  expect(log).toContain('nobody waits for this');
});

test('names and texts of a file cannot steer the terminal, as text or as JSON', async () => {
  const folder = temporaryFolder();
  const workspace = path.join(folder, 'workspace');
  const evil = '\u001b]0;owned\u0007\u009b2J\u202e\u007f';
  const file = writeEvaluation(path.join(folder, 'e.jsonl'), '10', () => ({ slices: [evil], tags: [evil] }));
  const steering = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/u;
  const map = ['id=id', 'prompt=prompt', 'output=output', 'correct=correct'].flatMap((one) => ['--map', one]);
  for (const [name, file2] of [
    ['a', file],
    [`b${evil}`, writeEvaluation(path.join(folder, 'f.jsonl'), '01', () => ({ prompt: evil, output: evil }))],
  ] as const) {
    const answer = await flipguard(workspace, 'import', 'eval', file2, '--name', name, ...map);
    expect([answer.status, steering.test(answer.stdout + answer.stderr)], answer.stderr).toEqual([0, false]);
  }
  for (const args of [
    ['list', 'evals'],
    ['list', 'evals', '--json'],
    ['compare', 'a', `b${evil}`],
    ['compare', 'a', `b${evil}`, '--json'],
    ['compare', 'a', evil],
    ['flips', 'a', `b${evil}`],
  ]) {
    const { stdout, stderr } = await flipguard(workspace, ...args);
    expect(steering.test(stdout + stderr), args.join(' ')).toBe(false);
  }
});
