/**
 * Figures as everything prints them: the window, the command line and reports. No locale, so that the same figure has the same bytes
 * everywhere. A true minus sign, a unit, a plus where it is a difference, and – where there is nothing to show.
 */
type Maybe = number | null | undefined;
interface Bounds {
  low: number;
  high: number;
}

export const nothing = '–';

/** 1234567 → 1,234,567 */
export function formatCount(value: Maybe): string {
  return isNothing(value) ? nothing : signed(grouped(String(Math.round(value))));
}

/** A share as per cent without the sign: one decimal, two below 1 %. */
function percentDigits(share: number): string {
  const percent = share * 100;
  const digits = Math.abs(percent) < 0.995 && percent !== 0 ? 2 : 1;
  return signed(percent.toFixed(digits));
}

/** A share of one: 0.0983 → 9.8 %, 0.0084 → 0.84 %. */
export function formatPercent(share: Maybe): string {
  return isNothing(share) ? nothing : `${percentDigits(share)} %`;
}

/** A share that was set and not measured, such as a level of confidence or a limit: 0.95 → 95 %. */
export function formatLevel(share: number): string {
  return `${levelDigits(share)} %`;
}

/** A difference of shares that was set, in percentage points, always with its sign: 0.00005 → +0.005 points. */
export function formatLevelPoints(share: number): string {
  return `${withPlus(share, levelDigits(share))} points`;
}

function levelDigits(share: number): string {
  return signed(String(Number((share * 100).toPrecision(6))));
}

/** `7.3 to 13.1 %` */
export function formatPercentRange({ low, high }: Bounds): string {
  return `${percentDigits(low)} to ${percentDigits(high)} %`;
}

/** A difference of shares in percentage points, always with its sign. */
export function formatPoints(share: Maybe): string {
  return isNothing(share) ? nothing : `${withPlus(share, percentDigits(share))} points`;
}

/** `−1.6 to +0.55 points` */
export function formatPointsRange({ low, high }: Bounds): string {
  return `${withPlus(low, percentDigits(low))} to ${formatPoints(high)}`;
}

/** Four significant digits (or as many as asked for) without a tail of zeros; very large and very small in powers of ten. */
export function formatNumber(value: Maybe, digits = 4): string {
  if (isNothing(value)) return nothing;
  if (!Number.isFinite(value)) return infinite(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return formatCount(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return scientific(value);
  return signed(grouped(String(Number(value.toPrecision(digits)))));
}

/** A number in a form that shows its sign. */
export function formatSignedNumber(value: Maybe, digits = 4): string {
  return isNothing(value) ? nothing : withPlus(value, formatNumber(value, digits));
}

/** A fixed number of places, for columns that line up. */
export function formatFixed(value: Maybe, places = 2): string {
  if (isNothing(value)) return nothing;
  return Number.isFinite(value) ? signed(value.toFixed(places)) : infinite(value);
}

/** A score in a column: three places, and fewer where figures are large. */
export function formatScore(value: Maybe): string {
  const size = Math.abs(value ?? 0);
  return formatFixed(value, size >= 10_000 ? 0 : size >= 100 ? 1 : 3);
}

/** A difference in a column: fixed places, its sign always shown. */
export function formatSigned(value: Maybe, places = 2): string {
  if (isNothing(value)) return nothing;
  const text = formatFixed(value, places);
  return value > 0 && /[1-9∞]/.test(text) ? `+${text}` : text;
}

/** `0.12 to 0.31`; nothing where an end is missing. */
export function formatRange(low: Maybe, high: Maybe): string {
  return isNothing(low) || isNothing(high) ? nothing : `${formatNumber(low)} to ${formatNumber(high)}`;
}

/** A quotient of two rates: two places below 10, and never 1.00 for what is not 1, nor fewer than two digits that count. */
export function formatRatio(ratio: Maybe): string {
  if (isNothing(ratio)) return nothing;
  const size = Math.abs(ratio);
  if (!Number.isFinite(ratio) || size >= 100 || (size !== 0 && size < 0.1)) return formatNumber(ratio, 2);
  if (size >= 10) return ratio.toFixed(1);
  const places = [2, 3, 4].find((digits) => ratio === 1 || Number(ratio.toFixed(digits)) !== 1);
  return ratio.toFixed(places ?? 2);
}

/** `0.28 to 0.76`; nothing where an end is missing. */
export function formatRatioRange(low: Maybe, high: Maybe): string {
  return isNothing(low) || isNothing(high) ? nothing : `${formatRatio(low)} to ${formatRatio(high)}`;
}

/** Mean and interval over seeds; an interval without width (at the match itself) is not shown. */
export function formatMeanRange(
  value: { mean: number; low: number | null; high: number | null } | null,
  show: (value: number) => string,
): string {
  if (value === null) return nothing;
  const { mean, low, high } = value;
  if (low === null || high === null || show(low) === show(high)) return show(mean);
  return `${show(mean)} (${show(low)} to ${show(high)})`;
}

/** A p-value: two digits that count, powers of ten below 0.001. */
export function formatP(p: number): string {
  if (p >= 0.0995) return p.toFixed(2);
  if (p >= 0.001) return p.toFixed(p < 0.01 ? 4 : 3);
  return p === 0 ? '< 10⁻³⁰⁰' : scientific(p);
}

/** `p = 0.034`, for a sentence. */
export function formatPValue(p: number): string {
  return p === 0 ? `p ${formatP(p)}` : `p = ${formatP(p)}`;
}

/** A tick of an axis: no digits that say nothing. */
export function formatTick(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size >= 1e6 || size < 1e-4) ? scientific(value) : signed(String(Number(value.toPrecision(6))));
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
/** 61_000_000 → 61.0 MB, in powers of 1000. */
export function formatBytes(bytes: Maybe): string {
  if (isNothing(bytes)) return nothing;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** The size of a model: 1.3 M, 260 k. */
export function formatParameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count >= 1e3 ? `${Math.round(count / 1e3)} k` : String(count);
}

function isNothing(value: Maybe): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value);
}

function infinite(value: number): string {
  return value > 0 ? '∞' : '−∞';
}

function scientific(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(1).split('e');
  const raised = String(Number(exponent)).replace(/[-\d]/g, (sign) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(sign)] ?? '');
  return `${signed(mantissa)} × 10${raised}`;
}

/** Commas between thousands of the part before the point. */
function grouped(text: string): string {
  const [whole = '', ...rest] = text.split('.');
  return [whole.replace(/\B(?=(\d{3})+$)/g, ','), ...rest].join('.');
}

function withPlus(value: number, text: string): string {
  return value > 0 ? `+${text}` : text;
}

/** A true minus sign, and none before a zero. */
function signed(text: string): string {
  return text.replace(/^-(?=[0.]*$)/, '').replace('-', '−');
}
