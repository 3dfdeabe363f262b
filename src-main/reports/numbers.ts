import type { Interval } from '../shared/domain/statistics/intervals.ts';

/** Numbers as reports print them: no locale, so the same report has the same bytes everywhere. A true minus sign; – for nothing. */
export const nothing = '–';

/** 1234567 → 1,234,567 */
export function count(value: number): string {
  return signed(String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ','));
}

/** A share as per cent without the sign: one decimal, two below 1 %. */
export function percentValue(share: number): string {
  const percent = share * 100;
  const digits = Math.abs(percent) < 0.995 && percent !== 0 ? 2 : 1;
  return signed(percent.toFixed(digits));
}

export function percent(share: number | null): string {
  return share === null ? nothing : `${percentValue(share)} %`;
}

/** `7.3 to 13.1 %` */
export function percentRange({ low, high }: Pick<Interval, 'low' | 'high'>): string {
  return `${percentValue(low)} to ${percentValue(high)} %`;
}

/** A difference of shares in percentage points, always with its sign. */
export function points(share: number | null): string {
  return share === null ? nothing : `${withPlus(share, percentValue(share))} points`;
}

/** `−1.6 to +0.55 points` */
export function pointsRange({ low, high }: Pick<Interval, 'low' | 'high'>): string {
  return `${withPlus(low, percentValue(low))} to ${points(high)}`;
}

/** Three significant digits for any size. */
export function number(value: number | null): string {
  if (value === null) return nothing;
  if (!Number.isFinite(value)) return signed(String(value).replace('Infinity', '∞'));
  if (Number.isInteger(value)) return count(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return scientific(value);
  return signed(size >= 100 ? value.toFixed(0) : value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3));
}

export function signedNumber(value: number | null): string {
  return value === null ? nothing : withPlus(value, number(value));
}

export function range(low: number | null, high: number | null): string {
  return low === null || high === null ? nothing : `${number(low)} to ${number(high)}`;
}

/** Mean and interval over seeds; an interval without width (at the match itself) is not shown. */
export function meanRange(
  value: { mean: number; low: number | null; high: number | null } | null,
  show: (value: number) => string,
): string {
  if (value === null) return nothing;
  const { mean, low, high } = value;
  if (low === null || high === null || show(low) === show(high)) return show(mean);
  return `${show(mean)} (${show(low)} to ${show(high)})`;
}

/** A p-value: three digits, powers of ten below 0.001. */
export function pValue(p: number): string {
  if (p >= 0.0995) return p.toFixed(2);
  if (p >= 0.001) return p.toFixed(p < 0.01 ? 4 : 3);
  return p === 0 ? '< 10⁻³⁰⁰' : scientific(p);
}

/** A tick of an axis: no digits that say nothing. */
export function tick(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 1e-4) ? scientific(value) : signed(String(Number(value.toPrecision(6))));
}

function scientific(value: number): string {
  if (value === 0) return '0';
  const [mantissa = '', exponent = ''] = value.toExponential(1).split('e');
  const raised = String(Number(exponent)).replace(/[-\d]/g, (sign) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(sign)] ?? '');
  return `${signed(mantissa)} × 10${raised}`;
}

function withPlus(value: number, text: string): string {
  return value > 0 ? `+${text}` : text;
}

function signed(text: string): string {
  return text.replace(/^-(?=[0.]*$)/, '').replace('-', '−');
}
