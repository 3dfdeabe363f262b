import { expect, test } from 'vitest';
import { groupMetrics, metricCharts, metricNames, metrics } from '../../src-main/shared/domain/metrics.ts';
import { readTrainerEvent, shownEvent } from '../../src-main/shared/domain/trainer-events.ts';
import type { TrainerEvent } from '../../src-main/shared/domain/trainer-events.ts';

const guarded = { sampleIds: ['a', 'b'], metrics: { 'guard/fired': [1, 0] } };
const step = { type: 'step', seq: 1, at: 5, step: 1, epoch: 0, metrics: { loss: 0.5 }, tables: { guarded } };

test('an event is read as it was said, with numbers that JSON writes as null', () => {
  const diverged = { ...step, metrics: { loss: null } };
  expect([readTrainerEvent(step), readTrainerEvent(diverged)]).toEqual([{ event: step }, { event: diverged }]);
});

test('a step that was written when samples lay in two fields has tables', () => {
  const { tables: _tables, ...old } = step;
  const trained = { sampleIds: ['a'], metrics: { loss: [0.5] } };
  expect(readTrainerEvent({ ...old, samples: trained, guardSamples: guarded })).toEqual({
    event: { ...step, tables: { trained, guarded } },
  });
});

test.each([
  [{ ...step, metrics: { 'guard/fierd': 1 } }, /metrics.*guard\/fierd/],
  [{ ...step, extra: 1 }, /extra/],
  [
    { ...step, tables: { guarded: { ...guarded, sampleIds: ['a'] } } },
    /tables\.guarded: has columns of another length/,
  ],
  [{ ...step, tables: { guarded: { sampleIds: ['a'], metrics: { loss: [1] } } } }, /tables\.guarded.*loss/],
  [{ ...step, seq: -1 }, /seq/],
  [{ type: 'steps', seq: 1, at: 5 }, /type/],
  [null, /event/],
])('%j is refused by name', (value, fault) => {
  expect(readTrainerEvent(value)).toEqual({ fault: expect.stringMatching(fault) as string });
});

test('windows get steps without samples, and no batches of results', () => {
  const { tables: _tables, ...shown } = step;
  const mark = { suiteId: 's', suiteName: 's', step: 0 };
  const batch: TrainerEvent = { type: 'evaluation-batch', seq: 2, at: 6, mark, results: [] };
  // As a real reader would have it.
  expect([shownEvent(step as TrainerEvent), shownEvent(batch)]).toEqual([shown, null]);
});

test('metrics share charts in the registry’s order, and a foreign name has one of its own', () => {
  expect(groupMetrics(['val/loss', 'rewards/margins', 'loss/value', 'rewards/chosen', 'loss'])).toEqual([
    { title: 'Loss', names: ['loss', 'loss/value'] },
    { title: 'Rewards', names: ['rewards/chosen', 'rewards/margins'] },
    { title: 'val/loss', names: ['val/loss'] },
  ]);
  // Curves per slice have the slice in their names, so that no fixed name is of their charts.
  const perSlice = ['guard/weight/maths', 'guard/fired/maths'].map((name) => groupMetrics([name])[0]!.title);
  const used = new Set([
    ...metricNames.flatMap((name) => ('chart' in metrics[name] ? [metrics[name].chart] : [])),
    ...perSlice,
  ]);
  expect([...used].sort()).toEqual([...metricCharts].sort());
});
