import type uPlot from 'uplot';
import { formatNumber } from '../../format/numbers.ts';
import type { ChartSeries } from './chart-series.ts';

interface Ink {
  faint: string;
  line: string;
}

const font = "11px 'Inter Variable', system-ui, sans-serif";

export function axisOptions(ink: Ink): uPlot.Axis[] {
  const common = { stroke: ink.faint, font, ticks: { show: false }, grid: { stroke: ink.line, width: 1 } };
  return [
    { ...common, size: 26, space: 70, values: (_, ticks) => ticks.map((tick) => formatNumber(tick)) },
    { ...common, size: 54, space: 34, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : formatNumber(tick, 3))) },
  ];
}

/** The smoothed line on top, what it was made of thin and pale behind it. */
export function seriesOptions(series: ChartSeries): uPlot.Series[] {
  const line: uPlot.Series = {
    label: series.name,
    stroke: series.colour,
    width: 1.6,
    spanGaps: true,
    points: { show: (self, index) => (self.data[index]?.filter((value) => value !== null).length ?? 0) < 40, size: 4 },
    ...(series.dash === undefined ? {} : { dash: series.dash }),
  };
  if (series.raw === undefined) return [line];
  return [{ label: `${series.name} (raw)`, stroke: series.colour, width: 1, alpha: 0.28, spanGaps: true, points: { show: false } }, line];
}
