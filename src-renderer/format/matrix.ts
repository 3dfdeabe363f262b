import type { Matrix } from '@shared/contract/views.ts';
import { formatFixed, formatNumber } from '@shared/presentation/numbers.ts';

const rateNames = /(^|\/)(nfr|pfr|accuracy|acc|right|win[_ -]?rate|firing_rate)$/i;

/** Metrics that are fractions of one are shown in percent. */
export function isRate(metric: string): boolean {
  return rateNames.test(metric);
}

/** A number with as many places as its column needs for four digits of its largest value, so that the column lines up. */
export function formatColumn(matrix: Matrix, key: string, value: number): string {
  const sizes = matrix.rows.map((row) => Math.abs(row.cells[key] ?? 0)).filter((size) => Number.isFinite(size));
  const largest = Math.max(0, ...sizes);
  if (largest === 0 || largest >= 1e5 || largest < 1e-2) return formatNumber(value);
  return formatFixed(value, Math.min(5, Math.max(0, 3 - Math.floor(Math.log10(largest)))));
}

/** Sums are kept in 32 bits: what is smaller than this share of a column's largest value is what their last places leave. */
const floatNoise = 2 ** -20;

/** Whether a value of a column is zero but for rounding, such as the margin of a model against itself. */
export function isRounding(matrix: Matrix, key: string, value: number | null | undefined): boolean {
  if (value === null || value === undefined || value === 0) return false;
  const largest = Math.max(...matrix.rows.map((row) => Math.abs(row.cells[key] ?? 0)));
  return Math.abs(value) < largest * floatNoise;
}

/** Shade of a cell within its column: the better, the more teal; the worse, the more vermillion. Pale, figures stay legible. */
export function cellShade(matrix: Matrix, key: string, value: number | null | undefined): string {
  const column = matrix.columns.find((one) => one.key === key);
  if (column === undefined || value === null || value === undefined) return 'transparent';
  const values = matrix.rows.flatMap((row) => row.cells[key] ?? []);
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!(high > low)) return 'transparent';
  const place = (value - low) / (high - low);
  const goodness = (column.better === 'higher' ? place : 1 - place) * 2 - 1;
  const share = Math.round(Math.abs(goodness) * 20);
  return `color-mix(in srgb, var(--${goodness < 0 ? 'negative' : 'positive'}) ${share}%, transparent)`;
}
