import { expect, test } from 'vitest';
import { request } from '../../src-main/workbench/dispatch.ts';
import { addTrainingMaterial, openTestWorkbench, smallModel, tinySpec, withSmallModel } from '../helpers/workbench.ts';

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
  const [point] = await request(handle, 'runs.flipMeter', { runId: unguarded.id });
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
    status: 'completed',
    name: 'tiny 2',
    relation: 'relaunch',
    parentRunId: unguarded.id,
    guardSetId: guardSet.id,
  });

  const [ledger] = await request(handle, 'guardSets.ledger', { guardSetId: guardSet.id, runId: run.id });
  expect(ledger).toMatchObject({ guardSet: 'lost words', suiteName: 'words' });
  expect((ledger?.repaired ?? 0) + (ledger?.stillBroken ?? 0)).toBe(guardSet.samples);
  const outcomes = (ledger?.rows ?? []).map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'repaired')).toHaveLength(ledger?.repaired ?? -1);
  expect(outcomes.filter((outcome) => outcome === 'newly-broken')).toHaveLength(ledger?.newlyBroken ?? -1);
});
