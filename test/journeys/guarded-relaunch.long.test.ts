import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { request } from '../../src-main/workbench/contract/dispatch.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  requestComputed,
  smallModel,
  temporaryFolder,
  tinySpec,
  withSmallModel,
} from '../helpers/workbench.ts';

test.skipIf(smallModel === null)(`flips → guard set → relaunch → mitigation ledger${withSmallModel}`, async () => {
  const workbench = await openTestWorkbench();
  const { handle } = workbench;
  await addTrainingMaterial(workbench, smallModel ?? '');
  const spec = tinySpec({
    guard: { kind: 'none' },
    steps: 6,
    optimizer: { learningRate: 3e-3 },
    evaluate: { suites: ['words'] },
    checkpoint: {},
  });
  const unguarded = await workbench.runs.launch({ spec });
  await workbench.runs.ended(unguarded.id);
  const [point] = await requestComputed(workbench, 'runs.flipMeter', { runId: unguarded.id });
  expect(point?.negative).toBeGreaterThan(0);
  const { id: comparisonId } = await request(handle, 'comparisons.open', {
    leftEvaluationId: point?.baseEvaluationId ?? '',
    rightEvaluationId: point?.evaluationId ?? '',
  });
  const { viewId } = await request(handle, 'flips.open', {
    comparisonId,
    filter: { kinds: ['negative'] },
    sort: { column: 'delta', direction: 'ascending' },
  });
  const guardSet = await request(handle, 'guardSets.create', { name: 'lost words', comparisonId, from: { viewId } });
  expect(guardSet.samples).toBe(point?.negative);

  const guarded = { ...spec, guard: { kind: 'flipguard', target: 'guard-set', guardSet: 'lost words', weight: 5 } };
  const check = await request(handle, 'runs.check', { input: { spec: guarded }, parentRunId: unguarded.id });
  expect(check.difference?.map(({ path }) => path)).toEqual(expect.arrayContaining(['guard.kind', 'guard.guardSet']));
  const launched = await request(handle, 'runs.launch', { input: { spec: guarded }, parentRunId: unguarded.id });
  const run = await workbench.runs.ended(launched.id);
  expect(run).toMatchObject({
    status: 'finished',
    name: 'tiny 2',
    relation: 'relaunch',
    parentRunId: unguarded.id,
    guardSetId: guardSet.id,
  });

  const [ledger] = await requestComputed(workbench, 'guardSets.ledger', { guardSetId: guardSet.id, runId: run.id });
  expect(ledger).toMatchObject({ guardSet: 'lost words', suiteName: 'words' });
  expect((ledger?.repaired ?? 0) + (ledger?.stillBroken ?? 0)).toBe(guardSet.samples);
  const outcomes = (ledger?.rows ?? []).map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'repaired')).toHaveLength(ledger?.repaired ?? -1);
  expect(outcomes.filter((outcome) => outcome === 'newly-broken')).toHaveLength(ledger?.newlyBroken ?? -1);

  // A report says what the run was held to, by the hash that the run's own start told, also when the set is gone since.
  const events = await workbench.core.store.runEvents(run.id, 0, 100);
  const started = events.find((event) => event.type === 'started');
  const size = `${guardSet.samples} ${guardSet.samples === 1 ? 'sample' : 'samples'}`;
  const fact = {
    label: `Run ${run.name}, guard set lost words (${size}), SHA-256`,
    value: started?.inputs?.guardRows,
  };
  const written = async (format: 'html' | 'json' | 'md') => {
    const out = path.join(temporaryFolder(), `report.${format}`);
    await workbench.reports.write({ subject: { kind: 'run', runId: run.id }, format }, out, quietTask());
    return out;
  };
  const html = await workbench.reports.read(await written('html'));
  expect(html.report.provenance).toContainEqual(fact);
  expect(html.report.lineage).toContainEqual({
    id: guardSet.id,
    kind: 'guard-set',
    name: 'lost words',
    detail: `${size} of tiny, step 6 · before training · next words`,
    from: [],
  });
  const { lineage } = html.report;
  const origins = lineage.find(({ id }) => id === run.id)?.from.map((id) => lineage.find((one) => one.id === id)?.name);
  expect(origins).toEqual(['small', 'pairs', 'lost words', 'tiny']);
  await workbench.core.store.removeGuardSet(guardSet.id);
  expect((await workbench.reports.read(await written('json'))).report.provenance).toContainEqual(fact);
  expect(readFileSync(await written('md'), 'utf8')).toContain(fact.value);
});
