import type { ReportChart } from '@shared/domain/reports/report-model.ts';
import type { ChartSeries } from '../components/charts/chart-series.ts';

/** A report's lines over one common axis: each has gaps where only another has a point. */
export function alignedSeries(
  { series, yIsShare }: ReportChart,
  colours: readonly string[],
): { x: number[]; series: ChartSeries[] } {
  const x = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b);
  const scale = yIsShare ? 100 : 1;
  return {
    x,
    series: series.map(({ name, points }, index) => {
      const at = new Map(points.map((point) => [point.x, point.y * scale]));
      return {
        name: yIsShare ? `${name}, %` : name,
        colour: colours[index % colours.length] ?? 'currentColor',
        values: x.map((value) => at.get(value) ?? null),
      };
    }),
  };
}
