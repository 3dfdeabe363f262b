import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readReport } from '../../src-main/imports/reports/read-report.ts';
import type { Job } from '../../src-main/shared/contract/views.ts';
import { request } from '../../src-main/workbench/contract/dispatch.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import {
  addTrainingMaterial,
  importVerdicts,
  openTestWorkbench,
  requestComputed,
  smallModel,
  tinySpec,
  withSmallModel,
} from '../helpers/workbench.ts';

/** What a window does with a job: it waits for the event that says it has ended. */
async function result(workbench: Workbench, { jobId }: { jobId: string }): Promise<Job['result']> {
  const job = await workbench.core.jobs.settled(jobId);
  if (job.error !== null) throw new Error(job.error.message);
  return job.result;
}

test('import → compare → flips → triage → guard set → report, by the contract alone', async () => {
  const workbench = await openTestWorkbench();
  const { handle } = workbench;
  await importVerdicts(workbench, { old: '1111111111000000', again: '1111111110000000', new: '1111110010100000' });
  const evaluations = await request(handle, 'evaluations.list', {});
  const idOf = (name: string) => evaluations.find((evaluation) => evaluation.name === name)?.id ?? '';
  const { id: comparisonId } = await request(handle, 'comparisons.open', {
    leftEvaluationId: idOf('old'),
    rightEvaluationId: idOf('new'),
  });
  for (const job of await request(handle, 'jobs.list', {})) await workbench.core.jobs.settled(job.id);
  const summary = await request(handle, 'comparisons.summary', { comparisonId });
  expect([summary.n.paired, summary.negativeFlips, summary.positiveFlips]).toEqual([16, 3, 1]);

  const filter = { kinds: ['negative' as const] };
  const sort = { column: 'sampleId', direction: 'ascending' } as const;
  const view = await request(handle, 'flips.open', { comparisonId, filter, sort });
  const rows = await request(handle, 'flips.window', { viewId: view.viewId, offset: 0, limit: 200 });
  expect(rows.map(({ sampleId }) => sampleId)).toEqual(['s6', 's7', 's9']);
  const sampleKeys = rows.map(({ sampleKey }) => sampleKey);
  const [first = -1] = sampleKeys;
  expect(await request(handle, 'samples.get', { comparisonId, sampleKey: first })).toMatchObject({
    kind: 'negative',
    left: { output: 'Answer 1' },
    right: { output: 'Answer 0' },
  });
  const change = { label: 2, note: '<script>alert(1)</script>', reviewed: true };
  const { undoToken } = await request(handle, 'annotations.set', { comparisonId, sampleKeys: [first], change });
  expect(await request(handle, 'annotations.list', { comparisonId })).toMatchObject([{ sampleKey: first, label: 2 }]);
  await request(handle, 'annotations.undo', { undoToken });
  expect(await request(handle, 'annotations.list', { comparisonId })).toEqual([]);
  await request(handle, 'annotations.set', { comparisonId, sampleKeys: [first], change });

  const guardSet = await request(handle, 'guardSets.create', {
    name: 'lost',
    comparisonId,
    from: { viewId: view.viewId },
  });
  expect(guardSet.samples).toBe(3);
  expect(await request(handle, 'guardSets.rows', { guardSetId: guardSet.id })).toHaveLength(3);

  await request(handle, 'comparisons.setNoiseFloor', { comparisonId, leftRepeat: idOf('again'), rightRepeat: null });
  const created = await request(handle, 'reports.create', {
    subject: { kind: 'comparison', comparisonId },
    format: 'html',
  });
  const { reportId = '' } = await result(workbench, created);
  const html = readFileSync(await workbench.reports.fileOf(reportId), 'utf8');
  expect(html).not.toContain('<script>alert(1)</script>');
  const report = readReport(html);
  expect(report.comparisons[0]?.summary).toEqual(summary);
  // One of 16 samples differs between the two evaluations of the old model, and it is one of the three flips.
  expect(report.comparisons[0]?.noiseFloor).toMatchObject({ n: 16, floor: 0.5 / 16, solid: 2, flaky: 1 });
  expect(report.cases.map(({ row }) => row.sampleId).sort()).toEqual(['s6', 's7', 's9']);
  expect(report.annotations).toMatchObject([{ sampleId: 's6', text: change.note }]);
  const again = await request(handle, 'reports.read', { from: { reportId } });
  expect(again.report).toEqual(report);
  const elsewhere = await request(handle, 'reports.read', {
    from: { handle: workbench.files.offer(await workbench.reports.fileOf(reportId)) },
  });
  expect(elsewhere).toEqual(again);
  // Refused before anything is counted, with what to do.
  await expect(
    request(handle, 'reports.create', { subject: { kind: 'comparison', comparisonId }, format: 'pdf' }),
  ).rejects.toMatchObject({
    code: 'unavailable',
    remedy: expect.stringContaining('$FLIPGUARD_CHROMIUM') as string,
  });
  const { download } = await request(handle, 'reports.open', { reportId });
  expect(download).toMatch(/^download\/[\w-]+$/);

  const exported = await request(handle, 'flips.export', { comparisonId, filter, sort, format: 'ndjson' });
  const { download: file = '' } = await result(workbench, exported);
  const lines = readFileSync(workbench.files.pathOf(path.basename(file)), 'utf8')
    .trim()
    .split('\n');
  expect(lines).toHaveLength(3);
});

test.skipIf(smallModel === null)(
  `launch → flips → ledger → interpolation → frontier → report of a run${withSmallModel}`,
  async () => {
    const workbench = await openTestWorkbench();
    const { handle } = workbench;
    await addTrainingMaterial(workbench, smallModel ?? '');
    const check = await request(handle, 'runs.check', { input: { spec: tinySpec() } });
    expect(check).toMatchObject({ ok: true, issues: [] });
    const spec = tinySpec({
      steps: 4,
      evaluate: { suites: ['words'] },
      checkpoint: { every: 4 },
      optimizer: { learningRate: 2e-3 },
    });
    const launched = await request(handle, 'runs.launch', { input: { spec } });
    const run = await workbench.runs.ended(launched.id);
    expect(run).toMatchObject({ status: 'finished', step: 4 });

    const [point] = await requestComputed(workbench, 'runs.flipMeter', { runId: run.id });
    expect(point).toMatchObject({ suiteName: 'words', step: 4 });
    const comparison = await request(handle, 'comparisons.open', {
      leftEvaluationId: point?.baseEvaluationId ?? '',
      rightEvaluationId: point?.evaluationId ?? '',
    });
    const { counts } = await request(handle, 'comparisons.get', { comparisonId: comparison.id });
    expect([counts.kinds.negative, counts.kinds.positive]).toEqual([point?.negative, point?.positive]);

    const sort = { column: 'delta', direction: 'ascending' } as const;
    const { viewId } = await request(handle, 'flips.open', { comparisonId: comparison.id, sort });
    const [worst] = await request(handle, 'flips.window', { viewId, offset: 0, limit: 1 });
    const sample = { comparisonId: comparison.id, sampleKey: worst?.sampleKey ?? 0 };
    const ledgers = await requestComputed(workbench, 'samples.ledger', sample);
    const target = ledgers.find(({ part }) => part === 'target');
    expect(target?.leftLogProbs).toHaveLength(target?.tokens.length ?? -1);
    // What the ledger adds up is what the suite scored.
    const { left, right } = await request(handle, 'samples.get', sample);
    const sum = (logProbs: readonly number[] | undefined) => logProbs?.reduce((total, one) => total + one, 0);
    expect(sum(target?.leftLogProbs)).toBeCloseTo(left?.score ?? NaN, 3);
    expect(sum(target?.rightLogProbs)).toBeCloseTo(right?.score ?? NaN, 3);
    expect(ledgers).toEqual(await requestComputed(workbench, 'samples.ledger', sample));

    await result(workbench, await request(handle, 'runs.interpolate', { runId: run.id, fractions: [0.5] }));
    const frontier = await requestComputed(workbench, 'frontier.get', { suiteName: 'words' });
    expect(frontier.map(({ method }) => method).sort()).toEqual([
      'DPO + FlipGuard',
      'before training',
      'interpolation',
    ]);
    const matrix = await request(handle, 'matrix.get', {});
    expect(matrix.rows.map(({ runName, step }) => [runName, step])).toEqual([
      ['Interpolation 50 % base–tiny', null],
      ['tiny', 0],
      ['tiny', 4],
    ]);

    const created = await request(handle, 'reports.create', {
      subject: { kind: 'run', runId: run.id },
      format: 'html',
    });
    const { reportId = '' } = await result(workbench, created);
    const report = readReport(readFileSync(await workbench.reports.fileOf(reportId), 'utf8'));
    expect(report.comparisons[0]?.summary.negativeFlips).toBe(point?.negative);
    expect(report.curves.map(({ title }) => title)).toContain('loss');
    expect(report.provenance.map(({ label }) => label)).toEqual(
      expect.arrayContaining(['FlipGuard Workbench', 'Model small, weights SHA-256', 'Run tiny, backend']),
    );
  },
);
