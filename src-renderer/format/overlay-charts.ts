import type { MetricSeries } from '@shared/domain/entities.ts';
import { groupMetrics } from '@shared/domain/metrics.ts';
import type { ChartSeries } from '../components/charts/chart-series.ts';
import { smoothed, toCurves } from '../stores/run-curves.ts';

export interface OverlaidRun {
  id: string;
  name: string;
  colour: string;
  dash?: number[];
  series: readonly MetricSeries[];
}

/** One chart: a metric, with a line per run over the steps that any of them has. */
export interface OverlayChart {
  metric: string;
  x: number[];
  series: ChartSeries[];
}

/** One chart per metric that a run has, in the order in which a run's own charts come. */
export function overlayCharts(runs: readonly OverlaidRun[], smoothing: number): OverlayChart[] {
  const names = [...new Set(runs.flatMap(({ series }) => series.map(({ name }) => name)))];
  const ordered = groupMetrics(names).flatMap((group) => group.names);
  return ordered.map((metric) => {
    const own = runs.flatMap((run) => {
      const found = run.series.find(({ name }) => name === metric);
      return found === undefined ? [] : [{ run, found }];
    });
    const { steps, values } = toCurves(own.map(({ run, found }) => ({ ...found, name: run.id })));
    return {
      metric,
      x: steps,
      series: own.map(({ run }): ChartSeries => {
        const raw = values.get(run.id) ?? [];
        const line = { name: run.name, colour: run.colour, ...(run.dash === undefined ? {} : { dash: run.dash }) };
        return smoothing > 0 ? { ...line, raw, values: smoothed(raw, smoothing) } : { ...line, values: raw };
      }),
    };
  });
}
