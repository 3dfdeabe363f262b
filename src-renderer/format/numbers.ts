/** Numbers as they are read on screen. A true minus sign, and fixed places, so that columns of tabular figures line up. */

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const missing = '–';

export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined ? missing : minus(grouped.format(value));
}

/** A fraction of one as percent, with one place unless told. */
export function formatPercent(value: number | null | undefined, places = 1): string {
  return value === null || value === undefined || Number.isNaN(value)
    ? missing
    : minus((value * 100).toFixed(places)) + ' %';
}

/** Four significant digits, without a tail of zeros; very large and very small in powers of ten. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return missing;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return minus(value.toExponential(digits - 2));
  return minus(String(Number(value.toPrecision(digits))));
}

/** A fixed number of places, for columns. */
export function formatFixed(value: number | null | undefined, places = 2): string {
  if (value === null || value === undefined || Number.isNaN(value)) return missing;
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  return minus(value.toFixed(places));
}

/** A difference: its sign is always shown. */
export function formatSigned(value: number | null | undefined, places = 2): string {
  if (value === null || value === undefined || Number.isNaN(value)) return missing;
  const text = formatFixed(value, places);
  return value > 0 ? `+${text}` : text;
}

/** A difference of two fractions, in percentage points. */
export function formatPoints(value: number | null | undefined): string {
  return value === null || value === undefined ? missing : `${formatSigned(value * 100, 1)} pp`;
}

export function formatPValue(p: number): string {
  if (p < 0.0001) return 'p < 0.0001';
  return `p = ${p < 0.01 ? p.toFixed(4) : p.toFixed(3)}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined) return missing;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** 1.3 M, 260 k: the size of a model. */
export function formatParameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count >= 1e3 ? `${Math.round(count / 1e3)} k` : String(count);
}

function minus(text: string): string {
  return text.replace('-', '−');
}
