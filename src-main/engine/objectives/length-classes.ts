import { meanOf } from './objective.ts';

const names = ['short', 'medium', 'long'] as const;

/** Thirds of a data set by response length, in tokens. */
export class LengthClasses {
  readonly #upToShort: number;
  readonly #upToMedium: number;

  constructor(lengths: readonly number[]) {
    const sorted = [...lengths].sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
    this.#upToShort = at(1 / 3);
    this.#upToMedium = at(2 / 3);
  }

  /** Mean of `values` in each class that occurs, as `<metric>/short` and so on. */
  means<Metric extends string>(
    metric: Metric,
    lengths: readonly number[],
    values: readonly number[],
  ): { [Name in `${Metric}/${(typeof names)[number]}`]?: number } {
    const byClass = new Map<string, number[]>();
    lengths.forEach((length, i) => {
      const name = length <= this.#upToShort ? names[0] : length <= this.#upToMedium ? names[1] : names[2];
      byClass.set(name, [...(byClass.get(name) ?? []), values[i] as number]);
    });
    const means = Array.from(byClass, ([name, members]) => [`${metric}/${name}`, meanOf(members)]);
    return Object.fromEntries(means) as { [Name in `${Metric}/${(typeof names)[number]}`]?: number };
  }
}
