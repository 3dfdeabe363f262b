import { describe, expect, it } from 'vitest';
import type { ShownEvent } from '../../src-main/shared/domain/trainer-events.ts';
import { appendSteps, smoothed, toCurves } from '../../src-renderer/stores/run-curves.ts';

type StepEvent = Extract<ShownEvent, { type: 'step' }>;
const step = (at: number, metrics: Record<string, number>): StepEvent => ({
  type: 'step',
  step: at,
  epoch: 0,
  metrics,
  seq: at,
  at,
});

describe('curves', () => {
  it('put series of different steps on one axis', () => {
    const curves = toCurves([
      { name: 'loss', steps: [1, 2, 4], values: [3, 2, 1] },
      { name: 'kl', steps: [2, 3], values: [0.1, null] },
    ]);
    expect(curves.steps).toEqual([1, 2, 3, 4]);
    expect(Object.fromEntries(curves.values)).toEqual({ loss: [3, 2, null, 1], kl: [null, 0.1, null, null] });
  });
  it('grow by steps, with gaps where a metric is absent or not a number', () => {
    const start = toCurves([{ name: 'loss', steps: [1], values: [3] }]);
    const grown = appendSteps(start, [step(2, { loss: 2, kl: 1 }), step(3, { loss: Number.NaN })]);
    expect(Object.fromEntries(grown.values)).toEqual({ loss: [3, 2, null], kl: [null, 1, null] });
    expect(start.steps).toEqual([1]);
  });
  it('start over from a step that is taken again after a resume', () => {
    const start = toCurves([{ name: 'loss', steps: [1, 2, 3], values: [3, 2, 1] }]);
    const resumed = appendSteps(start, [step(2, { loss: 2.5 })]);
    expect([resumed.steps, resumed.values.get('loss')]).toEqual([
      [1, 2],
      [3, 2.5],
    ]);
  });
  it('are smoothed without a bias towards zero, and gaps stay gaps', () => {
    // 0.5: 4; (0.25·4 + 0.5·8) / 0.75 = 6.667; gap; (0.125·4 + 0.25·8 + 0.5·2) / 0.875 = 4
    expect(smoothed([4, 8, null, 2], 0.5)).toEqual([4, 5 / 0.75, null, 3.5 / 0.875]);
    expect(smoothed([1, 2], 0)).toEqual([1, 2]);
  });
});
