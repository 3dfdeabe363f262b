import type { MetricSeries } from '@shared/domain/entities.ts';
import type { ShownEvent } from '@shared/domain/trainer-events.ts';

/** Metrics of a run over its steps: every array of `values` is as long as `steps`; null where a step has no value. */
export interface Curves {
  steps: number[];
  values: Map<string, (number | null)[]>;
}
export type StepEvent = Extract<ShownEvent, { type: 'step' }>;

/** Down-sampled series have steps of their own; on a chart they share the union of them. */
export function toCurves(series: MetricSeries[]): Curves {
  const steps = [...new Set(series.flatMap((one) => one.steps))].sort((a, b) => a - b);
  const indexOf = new Map(steps.map((step, index) => [step, index]));
  const values = new Map<string, (number | null)[]>();
  for (const one of series) {
    const column = new Array<number | null>(steps.length).fill(null);
    one.steps.forEach((step, index) => {
      const at = indexOf.get(step);
      if (at !== undefined) column[at] = one.values[index] ?? null;
    });
    values.set(one.name, column);
  }
  return { steps, values };
}

/** Adds steps at the end. A step at or before the last one known (after a resume) replaces what stood from there on. */
export function appendSteps(curves: Curves, events: StepEvent[]): Curves {
  let { steps } = curves;
  const values = new Map([...curves.values].map(([name, column]) => [name, [...column]]));
  steps = [...steps];
  for (const event of events) {
    // A table of samples alone, of another trainer: no point on a curve.
    if (Object.keys(event.metrics).length === 0 && event.others === undefined) continue;
    while (steps.length > 0 && (steps.at(-1) ?? 0) >= event.step) {
      steps.pop();
      for (const column of values.values()) column.pop();
    }
    steps.push(event.step);
    for (const [name, value] of Object.entries({ ...event.metrics, ...event.others })) {
      if (!values.has(name)) values.set(name, new Array<number | null>(steps.length - 1).fill(null));
      values.get(name)?.push(Number.isFinite(value) ? value : null);
    }
    for (const column of values.values()) if (column.length < steps.length) column.push(null);
  }
  return { steps, values };
}

/** Exponential moving average with weight `factor` on the past (0 = none), bias-corrected as in TensorBoard; gaps stay gaps. */
export function smoothed(values: (number | null)[], factor: number): (number | null)[] {
  if (factor <= 0) return values;
  let average = 0;
  let weight = 1;
  return values.map((value) => {
    if (value === null) return null;
    average = factor * average + (1 - factor) * value;
    weight *= factor;
    return average / (1 - weight);
  });
}
