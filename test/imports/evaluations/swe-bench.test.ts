import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { read, tempFolder } from '../fixtures.ts';
import { readParts } from './parts.ts';

const folder = tempFolder();
const write = (name: string, value: unknown): string =>
  folder.write(name, typeof value === 'string' ? value : JSON.stringify(value, null, 4));
const tests = (fixed: number, broken: number) => ({
  FAIL_TO_PASS: {
    success: Array.from({ length: fixed }, (_, i) => `t${i}`),
    failure: Array.from({ length: broken }, (_, i) => `u${i}`),
  },
  PASS_TO_PASS: { success: ['p'], failure: [] },
  FAIL_TO_FAIL: { success: [], failure: [] },
  PASS_TO_FAIL: { success: [], failure: [] },
});
const report = (resolved: boolean, more: object = {}) => ({
  patch_is_None: false,
  patch_exists: true,
  patch_successfully_applied: true,
  resolved,
  tests_status: resolved ? tests(2, 0) : tests(1, 3),
  ...more,
});
const at = 'logs/run_evaluation/nightly/acme__coder-7b';
write(`${at}/django__django-11099/report.json`, { 'django__django-11099': report(true) });
write(`${at}/django__django-11099/patch.diff`, 'diff --git a/x b/x\n');
write(`${at}/scikit-learn__scikit-learn-1/report.json`, { 'scikit-learn__scikit-learn-1': report(false) });
write(`${at}/scikit-learn__scikit-learn-1/patch.diff`, 'diff --git a/y b/y\n');
write(`${at}/sympy__sympy-2/patch.diff`, 'nonsense');
write(`${at}/sympy__sympy-2/run_instance.log`, 'INFO - >>>>> Patch Apply Failed:\nerror');
write(`${at}/sympy__sympy-3/run_instance.log`, 'INFO - container could not be started');
write(`${at}/sympy__sympy-4/report.json`, {
  'sympy__sympy-4': report(false, { infra_failure: true, patch_successfully_applied: false }),
});
write('logs/run_evaluation/nightly/acme__coder-14b/django__django-11099/report.json', {
  'django__django-11099': report(false),
});

describe('SWE-bench', () => {
  it('reads the logs of a run: each model by itself, patches, and why there is no verdict', async () => {
    const parts = await readParts(folder.path('logs'));
    expect(parts.map(({ label, rows }) => [label, rows.length])).toEqual([
      ['acme__coder-14b', 1],
      ['acme__coder-7b', 5],
    ]);
    const seven = parts[1];
    expect(
      seven?.rows.map(({ sampleId, verdict, score, output, resultTags }) => [
        sampleId,
        verdict,
        score,
        output,
        resultTags,
      ]),
    ).toEqual([
      ['django__django-11099', 'right', 1, 'diff --git a/x b/x\n', undefined],
      ['scikit-learn__scikit-learn-1', 'wrong', 0.25, 'diff --git a/y b/y\n', undefined],
      ['sympy__sympy-2', 'wrong', null, 'nonsense', ['patch-not-applied']],
      ['sympy__sympy-3', null, null, null, ['error']],
      ['sympy__sympy-4', null, 0.25, null, ['patch-not-applied', 'error']],
    ]);
    expect(seven?.rows[1]).toMatchObject({
      slices: ['scikit-learn/scikit-learn'],
      metrics: { fail_to_pass: 0.25, pass_to_pass: 1 },
    });
    expect(seven?.said).toMatchObject({
      tool: { name: 'swe-bench' },
      models: ['acme/coder-7b'],
      measure: { metric: 'resolved' },
      notes: [
        'Run nightly.',
        '1 instances have no verdict: the harness could not grade them.',
        '1 instances have no verdict: the environment failed, not the patch.',
      ],
    });
  });

  it('reads the summary of a run: what was graded, what was not', async () => {
    const file = write('acme__coder-7b.nightly.json', {
      total_instances: 6,
      submitted_instances: 5,
      completed_ids: ['a__a-1', 'a__a-2'],
      incomplete_ids: ['a__a-6'],
      empty_patch_ids: ['a__a-3'],
      submitted_ids: ['a__a-1', 'a__a-2', 'a__a-3', 'a__a-4', 'a__a-5'],
      resolved_ids: ['a__a-1'],
      unresolved_ids: ['a__a-2', 'a__a-5'],
      infra_failure_ids: ['a__a-5'],
      ambiguous_failure_ids: ['a__a-2'],
      error_ids: ['a__a-4'],
      schema_version: 2,
    });
    const { rows, stream } = await read(openEvaluationImport(file));
    expect(rows.map(({ sampleId, verdict, resultTags }) => [sampleId, verdict, resultTags])).toEqual([
      ['a__a-1', 'right', undefined],
      ['a__a-2', 'wrong', ['ambiguous-failure']],
      ['a__a-3', 'wrong', ['empty-patch']],
      ['a__a-4', null, ['error']],
      ['a__a-5', null, ['error']],
    ]);
    expect(stream.metadata()).toMatchObject({
      models: ['acme/coder-7b'],
      notes: [
        'Run nightly.',
        '1 instances of the dataset were not attempted.',
        '1 instances have no verdict: the harness could not grade them.',
        '1 instances have no verdict: the environment failed, not the patch.',
      ],
    });
  });

  it('reads reports of several instances in one file, and counts the entries that are none', async () => {
    const file = write('report.json', {
      'a__a-1': report(true),
      'a__a-2': { patch_exists: true, resolved: 'yes' },
      'a__a-3': [1],
    });
    const { rows, problems } = await read(openEvaluationImport(file));
    expect(rows.map(({ sampleId }) => sampleId)).toEqual(['a__a-1']);
    expect(problems.map((problem) => problem.replace(/^\d+ /, ''))).toEqual([
      'missing-field resolved',
      'missing-field resolved',
    ]);
  });

  it('counts a report that is cut, and reads the others', async () => {
    write('cut/m/a__a-1/report.json', '{"a__a-1": {"patch_ex');
    write('cut/m/a__a-2/report.json', { 'a__a-2': report(true) });
    const [part] = await readParts(folder.path('cut'));
    expect([part?.rows.map(({ sampleId }) => sampleId), part?.problems]).toEqual([['a__a-2'], ['1 bad-json']]);
  });
});
