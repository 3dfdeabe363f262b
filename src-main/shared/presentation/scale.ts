/** From values to places on an axis, for every picture that is drawn by hand (SVG in the window, in reports and in exported files). */
export interface Scale {
  domain: readonly [number, number];
  place(value: number): number;
}

/** Least and greatest of the values; [0, 1] where there are none. */
export function extent(values: Iterable<number>): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low > high ? [0, 1] : [low, high];
}

/** A linear scale over the values' range, widened where they are all equal. */
export function linearScale(values: Iterable<number>, [from, to]: readonly [number, number]): Scale {
  let [low, high] = extent(values);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  return { domain: [low, high], place: (value) => from + ((value - low) / (high - low)) * (to - from) };
}

/** About `wanted` round values within the domain: multiples of 1, 2 or 5 times a power of ten. */
export function niceTicks([low, high]: readonly [number, number], wanted = 5): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
