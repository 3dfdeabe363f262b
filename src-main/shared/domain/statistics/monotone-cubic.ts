/**
 * A smooth curve through points that never overshoots them: the piecewise cubic Hermite interpolation of Fritsch and Carlson (1980),
 * with the end slopes of Fritsch and Butland, as SciPy's `PchipInterpolator` has it. Between two points it is monotone, so its extremes
 * are points. `x` rises strictly; two points or more.
 */
export interface MonotoneCubic {
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** dy/dx at each point. */
  readonly slopes: readonly number[];
}

export function monotoneCubic(x: readonly number[], y: readonly number[]): MonotoneCubic {
  if (x.length < 2 || x.length !== y.length) throw new Error('a curve has two points or more');
  const widths = x.slice(1).map((right, i) => right - at(x, i));
  if (widths.some((width) => !(width > 0))) throw new Error('the places of a curve rise');
  const rises = widths.map((width, i) => (at(y, i + 1) - at(y, i)) / width);
  return { x, y, slopes: x.map((_, i) => slopeAt(i, widths, rises)) };
}

/** The curve at `place`, which lies between the first and the last of its points. */
export function valueAt(curve: MonotoneCubic, place: number): number {
  const { x, y, slopes } = curve;
  const next = x.findIndex((right, i) => i > 0 && place <= right);
  const i = (next < 1 ? x.length - 1 : next) - 1;
  const width = at(x, i + 1) - at(x, i);
  const t = (place - at(x, i)) / width;
  const s = 1 - t;
  return (
    at(y, i) * (1 + 2 * t) * s * s +
    at(slopes, i) * width * t * s * s +
    at(y, i + 1) * t * t * (3 - 2 * t) -
    at(slopes, i + 1) * width * t * t * s
  );
}

const halvings = 80;

/** The first place at which the curve is as high as `value`; null when it never is. */
export function firstPlaceOf(curve: MonotoneCubic, value: number): number | null {
  const { x, y } = curve;
  if (at(y, 0) >= value) return at(x, 0);
  const next = y.findIndex((height) => height >= value);
  if (next < 1) return null;
  // Between two points the curve only rises here.
  let [low, high] = [at(x, next - 1), at(x, next)];
  for (let i = 0; i < halvings; i += 1) {
    const middle = (low + high) / 2;
    if (valueAt(curve, middle) >= value) high = middle;
    else low = middle;
  }
  return high;
}

function slopeAt(i: number, widths: readonly number[], rises: readonly number[]): number {
  const last = widths.length;
  if (last === 1) return at(rises, 0);
  if (i === 0) return endSlope(at(widths, 0), at(widths, 1), at(rises, 0), at(rises, 1));
  if (i === last) return endSlope(at(widths, last - 1), at(widths, last - 2), at(rises, last - 1), at(rises, last - 2));
  const [before, after] = [at(rises, i - 1), at(rises, i)];
  if (before * after <= 0) return 0;
  const [left, right] = [2 * at(widths, i) + at(widths, i - 1), at(widths, i) + 2 * at(widths, i - 1)];
  return (left + right) / (left / before + right / after);
}

/** Three points' slope, kept from turning the curve. */
function endSlope(near: number, far: number, rise: number, nextRise: number): number {
  const slope = ((2 * near + far) * rise - near * nextRise) / (near + far);
  if (slope * rise <= 0) return 0;
  if (rise * nextRise <= 0 && Math.abs(slope) > 3 * Math.abs(rise)) return 3 * rise;
  return slope;
}

function at(values: readonly number[], i: number): number {
  return values[i] ?? Number.NaN;
}
