/** One line of a chart; `values` run parallel to the chart's `x`, null is a gap. */
export interface ChartSeries {
  name: string;
  /** As the legend has it, where that is not the name. */
  label?: string;
  values: (number | null)[];
  /** A colour as CSS has it. */
  colour: string;
  /** Drawn thin behind the line: the values before smoothing. */
  raw?: (number | null)[];
  dash?: number[];
}
