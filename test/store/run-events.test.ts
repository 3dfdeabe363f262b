import { expect, test } from 'vitest';
import { addRun, comparisonOf, numbered, sample, started, step, testStore } from './workspace.ts';
import type { TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';

const mark = { suiteId: 'suite-1', suiteName: 'cloze', step: 0 };
const batch = (results: SampleResult[], at = mark): TrainerEventBody => ({
  type: 'evaluation-batch',
  mark: at,
  results,
});
const done = (samples: number, at = mark): TrainerEventBody => ({
  type: 'evaluation-done',
  mark: at,
  samples,
  decoding: { temperature: 0, maxNewTokens: 8, seed: 0 },
  summary: { reward: 0.5 },
});

test('events set the run’s status, steps and curves, and come back as they were', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  const events = numbered([
    started(),
    step(1, { loss: 0.7 }, { 'guard/fired': [0, 1] }, ['a', 'b']),
    step(2, { loss: 0.5, learning_rate: 1e-5 }, { 'guard/fired': [1] }, ['b']),
    { type: 'log', level: 'info', message: 'half way' },
    { type: 'finished', outcome: 'completed', step: 2 },
  ]);
  expect(await store.appendRunEvents(runId, events)).toEqual({ lastSeq: 5 });
  expect(await store.getRun(runId)).toMatchObject({
    status: 'finished',
    step: 2,
    totalSteps: 48,
    startedAt: 1001,
    endedAt: 1005,
    lastSeq: 5,
    backend: { name: 'cpu' },
  });
  expect(await store.runMetrics(runId, { points: 100 })).toEqual([
    { name: 'loss', steps: [1, 2], values: [0.7, 0.5] },
    { name: 'learning_rate', steps: [2], values: [1e-5] },
  ]);
  expect(await store.runEvents(runId, 0, 100)).toEqual(events);
  expect(await store.runEvents(runId, 2, 2)).toEqual(events.slice(2, 4));
});

test('events that come again are skipped', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  const events = numbered([
    started(),
    step(1, { loss: 1 }, { 'guard/fired': [1] }, ['a']),
    batch([sample('s', 'right')]),
    done(1),
  ]);
  await store.appendRunEvents(runId, events.slice(0, 3));
  expect(await store.listEvaluations()).toEqual([]);
  expect(await store.appendRunEvents(runId, events)).toEqual({ lastSeq: 4 });
  expect(await store.appendRunEvents(runId, events)).toEqual({ lastSeq: 4 });
  expect(await store.listEvaluations({ runId })).toMatchObject([
    { samples: 1, right: 1, wrong: 0, step: 0, suiteName: 'cloze', summary: { reward: 0.5 }, modelId: 'model-a' },
  ]);
  expect(await store.runMetrics(runId, { points: 10 })).toEqual([{ name: 'loss', steps: [1], values: [1] }]);
});

test('a gap is refused, so that nothing is lost to a replay', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  const events = numbered([started(), step(1, { loss: 1 }), step(2, { loss: 2 })]);
  await store.appendRunEvents(runId, events.slice(0, 1));
  await expect(store.appendRunEvents(runId, events.slice(2))).rejects.toMatchObject({ code: 'conflict' });
  expect((await store.getRun(runId))?.lastSeq).toBe(1);
  expect(await store.appendRunEvents(runId, events)).toEqual({ lastSeq: 3 });
});

test('an evaluation is seen when it is complete, and belongs to the checkpoint of its step', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  const at = { ...mark, step: 12 };
  const events = numbered([
    started(),
    { type: 'evaluation-started', mark: at, items: 2 },
    batch([sample('a', 'right')], at),
    batch([sample('b', 'wrong')], at),
    done(2, at),
    {
      type: 'checkpoint',
      checkpoint: {
        step: 12,
        path: 'checkpoints/12',
        kind: 'full',
        sha256: { 'model.safetensors': 'ab' },
        sizeBytes: 9,
      },
    },
  ]);
  for (const event of events.slice(0, 4)) await store.appendRunEvents(runId, [event]);
  expect(await store.listEvaluations()).toEqual([]);
  await store.appendRunEvents(runId, events);
  const [checkpoint] = await store.listCheckpoints(runId);
  expect(checkpoint).toMatchObject({ step: 12, path: '/runs/a/checkpoints/12', state: 'present' });
  expect(await store.listEvaluations({ checkpointId: checkpoint?.id ?? '' })).toMatchObject([
    { samples: 2, right: 1, wrong: 1, modelId: null },
  ]);
});

test('a run that fails keeps what it had and drops what was half received', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  await store.appendRunEvents(
    runId,
    numbered([
      started(),
      step(1, { loss: NaN }),
      batch([sample('a', 'right')]),
      { type: 'failed', error: { code: 'diverged', message: 'the loss is NaN' }, step: 1 },
    ]),
  );
  expect(await store.getRun(runId)).toMatchObject({ status: 'failed', error: { code: 'diverged' }, step: 1 });
  expect(await store.runMetrics(runId, { points: 10 })).toEqual([{ name: 'loss', steps: [1], values: [null] }]);
  await store.appendRunEvents(runId, numbered([started(1), batch([sample('b', 'right')]), done(1)], 5));
  expect(await store.listEvaluations({ runId })).toMatchObject([{ samples: 1 }]);
});

test('a resumed run forgets the steps after its checkpoint and replaces repeated evaluations in comparisons', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  const at = { ...mark, step: 2 };
  await store.appendRunEvents(
    runId,
    numbered([
      started(),
      batch([sample('a', 'right')]),
      done(1),
      step(1, { loss: 3 }, { 'guard/fired': [1] }, ['a']),
      step(2, { loss: 2 }, { 'guard/fired': [1] }, ['a']),
      batch([sample('a', 'wrong')], at),
      done(1, at),
    ]),
  );
  const [after, before] = await store.listEvaluations({ runId });
  const { id } = await store.openComparison(before?.id ?? '', after?.id ?? '', defaultRule);
  expect((await store.buildComparison(id)).counts.kinds.negative).toBe(1);
  await store.appendRunEvents(
    runId,
    numbered(
      [
        started(1),
        step(2, { loss: 2.5 }, { 'guard/fired': [0] }, ['a']),
        batch([sample('a', 'right')], at),
        done(1, at),
      ],
      8,
    ),
  );
  expect(await store.runMetrics(runId, { points: 10 })).toEqual([{ name: 'loss', steps: [1, 2], values: [3, 2.5] }]);
  expect(await store.listEvaluations({ runId })).toHaveLength(2);
  const again = await store.buildComparison(id);
  expect(again.counts.kinds).toMatchObject({ negative: 0, 'kept-right': 1 });
});

test('how often the guard fired is told for samples with the content of a training row', async () => {
  const store = await testStore();
  const dataset = await store.beginDataset({ name: 'pairs', kind: 'preference', import: null });
  await dataset.push([
    { kind: 'preference', id: 'row-1', prompt: 'prompt 0', chosen: 'target 0', rejected: 'no' },
    { kind: 'preference', id: 'row-2', prompt: 'prompt 1', chosen: 'something else', rejected: 'no' },
  ]);
  const datasetId = await dataset.commit();
  const runId = await addRun(store, { datasetId });
  const at = { ...mark, step: 2 };
  const samples = (verdict: 'right' | 'wrong'): SampleResult[] => ['0', '1', '2'].map((id) => sample(id, verdict));
  await store.appendRunEvents(
    runId,
    numbered([
      started(),
      batch(samples('right')),
      done(3),
      step(1, { loss: 3 }, { 'guard/fired': [1, 0], 'guard/loss': [-1, -2] }, ['row-1', 'row-2']),
      step(2, { loss: 2 }, { 'guard/fired': [1], 'guard/loss': [-3] }, ['row-1']),
      batch(samples('wrong'), at),
      done(3, at),
    ]),
  );
  const [after, before] = await store.listEvaluations({ runId });
  const { id } = await store.openComparison(before?.id ?? '', after?.id ?? '', defaultRule);
  await store.buildComparison(id);
  const view = await store.openFlipView(id, {}, { column: 'firing', direction: 'descending' });
  const rows = await store.flipWindow(view.viewId, 0, 10);
  expect(rows.map((row) => [row.sampleId, row.firing])).toEqual([
    ['0', 2],
    ['1', 0],
    ['2', null],
  ]);
  expect(await store.trainingTrace(rows[0]?.sampleKey ?? 0)).toEqual([
    {
      runId,
      steps: [
        { step: 1, metrics: { 'guard/fired': 1, 'guard/loss': -1 } },
        { step: 2, metrics: { 'guard/fired': 1, 'guard/loss': -3 } },
      ],
    },
  ]);
  expect(await store.trainingTrace(rows[2]?.sampleKey ?? 0)).toEqual([]);
  expect(await store.sampleTimeline(rows[0]?.sampleKey ?? 0)).toMatchObject([
    { step: 0, verdict: 'right', runId },
    { step: 2, verdict: 'wrong', runName: 'run' },
  ]);
});

test('many events handed over at once, one by one, all arrive in order', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  const events = numbered([started(), ...Array.from({ length: 5000 }, (_, i) => step(i + 1, { loss: 1 / (i + 1) }))]);
  const written = await Promise.all(events.map((event) => store.appendRunEvents(runId, [event])));
  expect(written.at(-1)).toEqual({ lastSeq: 5001 });
  const [loss] = await store.runMetrics(runId, { points: 20 });
  expect(loss?.values[0]).toBe(1);
  expect(loss?.values.at(-1)).toBe(1 / 5000);
  expect(loss?.steps.length).toBeLessThanOrEqual(20);
});

test('a run that comparisons show cannot be removed; afterwards nothing of it is left', async () => {
  const store = await testStore();
  const runId = await addRun(store);
  await store.appendRunEvents(
    runId,
    numbered([started(), batch([sample('0', 'right')]), done(1), { type: 'finished', outcome: 'stopped', step: 0 }]),
  );
  const [own] = await store.listEvaluations({ runId });
  const other = await comparisonOf(store, [['right', 'wrong']]);
  const { id } = await store.openComparison(own?.id ?? '', other.leftEvaluationId, defaultRule);
  await expect(store.removeRun(runId)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('left'),
  });
  await store.buildComparison(id);
  await store.removeComparison(id);
  await store.removeRun(runId);
  expect(await store.getRun(runId)).toBeNull();
  expect(await store.listEvaluations({ runId })).toEqual([]);
});
