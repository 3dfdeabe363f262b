import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { MemoryPlan } from '../../src-main/workbench/runs/memory-plan.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-estimate-'));
const workspace = path.join(folder, 'workspace');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const quickModel = path.join(import.meta.dirname, '..', '..', 'resources', 'quick-model');

test('a named size says by part what it takes, and which changes make it fit, without a workspace', async () => {
  const answer = await flipguard(workspace, 'estimate', '8B', '--memory', '24', '--set', 'tuning.kind=lora');
  expect(answer.status).toBe(0);
  expect(answer.stdout).toContain('Llama-3.1-8B, 8.0 B parameters');
  expect(answer.stdout).toMatch(/It does not fit into 24\.0 GB: [\d.]+ GB are missing\./);
  const plan = documentOf<MemoryPlan>(
    await flipguard(workspace, 'estimate', '8B', '--memory', '24', '--set', 'tuning.kind=lora', '--json'),
  );
  expect(plan.asItStands.fits).toBe(false);
  expect(plan.ways.map(({ change, fits }) => [change, fits])).toEqual(
    expect.arrayContaining([
      ['precision: bf16', false],
      ['all of these', true],
    ]),
  );
  const { phases, peakBytes, peakPhase } = plan.asItStands.estimate;
  expect(Object.values(phases[peakPhase]).reduce((sum, bytes) => sum + bytes, 0)).toBe(peakBytes);
});

test('a spec is checked without a start, and what is far from usual in it is said by line', async () => {
  const spec = path.join(folder, 'hasty.yaml');
  const rest = 'algorithm: { kind: dpo }\nsteps: 1\noptimizer:\n  learningRate: 99\n';
  writeFileSync(spec, `name: a\nmodel: nobody\ndataset: { train: nothing }\n${rest}`);
  const refused = await flipguard(workspace, 'train', spec, '--dry-run');
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining(`${spec}:2:1: model: `)]);
  const model = path.join(folder, 'dry');
  cpSync(quickModel, model, { recursive: true });
  const rows = path.join(folder, 'rows.jsonl');
  writeFileSync(rows, `${JSON.stringify({ prompt: 'p', chosen: 'a', rejected: 'b' })}\n`);
  expect((await flipguard(workspace, 'import', 'model', model, '--name', 'dry')).status).toBe(0);
  expect((await flipguard(workspace, 'import', 'dataset', rows, '--name', 'rows')).status).toBe(0);
  writeFileSync(spec, `name: a\nmodel: dry\ndataset: { train: rows }\n${rest}`);
  const checked = await flipguard(workspace, 'train', spec, '--dry-run');
  expect(checked).toMatchObject({ status: 0, stdout: 'The run can start.\n' });
  expect(checked.stderr).toContain(
    `Warning: ${spec}:7:3: optimizer.learningRate: 99 is about 5 million times the usual 2e-5 for DPO.`,
  );
  const swept = await flipguard(workspace, 'sweep', spec, '--vary', 'optimizer.learningRate=1e-5,77', '--dry-run');
  expect(swept).toMatchObject({ status: 0, stdout: 'All 2 runs can start.\n' });
  expect(swept.stderr.match(/Warning: /g)).toHaveLength(1);
  expect((await flipguard(workspace, 'list', 'runs')).stdout).not.toContain('dry');
});

test('a spec is estimated with its own model and the suites it decodes', async () => {
  const model = path.join(folder, 'quick');
  cpSync(quickModel, model, { recursive: true });
  expect((await flipguard(workspace, 'import', 'model', model, '--name', 'quick')).status).toBe(0);
  const spec = path.join(folder, 'spec.yaml');
  writeFileSync(
    spec,
    'name: a\nmodel: quick\ndataset: { train: nothing-yet }\nalgorithm: { kind: dpo }\nsteps: 1\nbatch: { maxLength: 64 }\n',
  );
  const plan = documentOf<MemoryPlan>(await flipguard(workspace, 'estimate', spec, '--json'));
  expect([plan.model, plan.longest, plan.asItStands.fits]).toEqual(['quick', 64, true]);
});

test.each([
  [['9B'], 'There is no spec and no shape “9B”.'],
  [['absent.yaml'], 'There is no spec at absent.yaml.'],
  [['0.5B', '--set', 'batch.maxLengt=3'], 'maxLengt'],
])('%j is refused in a sentence', async (args, sentence) => {
  const answer = await flipguard(workspace, 'estimate', ...args);
  expect([answer.status, answer.stdout]).toEqual([2, '']);
  expect(answer.stderr).toContain(sentence);
});
