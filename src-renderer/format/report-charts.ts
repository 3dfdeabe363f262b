import type { ReportChart } from '@shared/domain/reports/report-model.ts';
import { seriesColours } from '@shared/domain/reports/series-looks.ts';
import type { SeriesLooks } from '@shared/domain/reports/series-looks.ts';
import type { ChartSeries } from '../components/charts/chart-series.ts';

/** A report's lines over one common axis: each has gaps where only another has a point. A name has one colour in all charts of a report. */
export function alignedSeries(
  { series, yIsShare }: ReportChart,
  looks: SeriesLooks,
  colours: readonly string[],
): { x: number[]; series: ChartSeries[] } {
  const x = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const scale = yIsShare ? 100 : 1;
  return {
    x,
    series: series.map(({ name, points }) => {
      const at = new Map(points.map((point) => [point.x, point.y * scale]));
      return {
        name: yIsShare ? `${name}, %` : name,
        colour: colours[(looks.get(name) ?? 0) % seriesColours] ?? 'currentColor',
        values: x.map((value) => at.get(value) ?? null),
      };
    }),
  };
}
