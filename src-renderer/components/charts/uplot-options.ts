import type uPlot from 'uplot';
import { formatNumber } from '@shared/presentation/numbers.ts';
import type { ChartSeries } from './chart-series.ts';

interface Ink {
  faint: string;
  line: string;
}

const font = "11px 'Inter Variable', system-ui, sans-serif";

/** Widest figure of the face, and what is around a label. */
const digitPx = 7;
const aroundPx = 14;
const leastGutterPx = 40;

/** As wide as the longest label of the axis: none is cut. */
export function gutterPx(labels: readonly (string | null)[] | null): number {
  const longest = Math.max(0, ...(labels ?? []).map((label) => label?.length ?? 0));
  return Math.max(leastGutterPx, longest * digitPx + aroundPx);
}

/** 1, 2 and 5 times powers of ten: distances of labels that read well. */
const increments = Array.from({ length: 21 }, (_, index) => index - 9).flatMap((power) =>
  [1, 2, 5].map((digit) => Number(`${digit}e${power}`)),
);
const wholeIncrements = increments.filter(Number.isInteger);

/** Distances between labels of the x axis: there is no step one and a half. */
export function incrementsOf(x: ArrayLike<number | null | undefined> | undefined): number[] {
  for (let index = 0; index < (x?.length ?? 0); index++) if (!Number.isInteger(x?.[index])) return increments;
  return wholeIncrements;
}

export function axisOptions(ink: Ink): uPlot.Axis[] {
  const common = { stroke: ink.faint, font, ticks: { show: false }, grid: { stroke: ink.line, width: 1 } };
  return [
    {
      ...common,
      size: 26,
      space: 70,
      incrs: ({ data: [x] }) => incrementsOf(x),
      values: (_, ticks) => ticks.map((tick) => formatNumber(tick)),
    },
    {
      ...common,
      size: (_, labels) => gutterPx(labels),
      space: 34,
      values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : formatNumber(tick, 3))),
    },
  ];
}

/** Lines of few values show them as dots. */
const mostDots = 40;

function countValues(values: ArrayLike<number | null | undefined> | undefined): number {
  let count = 0;
  for (let index = 0; index < (values?.length ?? 0) && count < mostDots; index++)
    if (values?.[index] != null) count += 1;
  return count;
}

/** The smoothed line on top, what it was made of thin and pale behind it. */
export function seriesOptions(series: ChartSeries): uPlot.Series[] {
  const line: uPlot.Series = {
    label: series.name,
    stroke: series.colour,
    width: 1.6,
    spanGaps: true,
    points: { show: (self, index) => countValues(self.data[index]) < mostDots, size: 4 },
    ...(series.dash === undefined ? {} : { dash: series.dash }),
  };
  if (series.raw === undefined) return [line];
  return [
    {
      label: `${series.name} (raw)`,
      stroke: series.colour,
      width: 1,
      alpha: 0.28,
      spanGaps: true,
      points: { show: false },
    },
    line,
  ];
}
